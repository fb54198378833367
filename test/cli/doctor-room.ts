import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'
import type { Finding } from '../../src/cli/doctor/finding.ts'
import { createWorld, type World } from '../../src/testing/world.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { coatcheck } from './terminal.ts'

export type Change = Readonly<Record<string, string>>

/** A set-up in which everything is in order, to break one thing of. */
export interface DoctorRoom {
  readonly world: World
  readonly redis: RedisServer
  readonly api: LocalServer
  /** The environment with `change`. */
  env(change?: Change): Readonly<Record<string, string>>
  /** What the doctor finds with everything in order but `change`. */
  doctor(change?: Change, now?: () => number): Promise<Diagnosis>
  close(): Promise<void>
}

export interface Diagnosis {
  readonly code: number
  readonly ok: boolean
  readonly findings: readonly Finding[]
  /** `area: seen → advice` */
  readonly failures: readonly string[]
  readonly warnings: readonly string[]
}

/** Redis with the settings that sessions want, an API, and simulated providers (`acme`: any issuer). */
export async function openDoctorRoom(providers = ['kakao', 'naver', 'google', 'acme']): Promise<DoctorRoom> {
  const [world, redis, api] = await Promise.all([
    createWorld({ providers }),
    startRedis({ appendonly: 'yes', 'maxmemory-policy': 'noeviction' }),
    startHttp((_, res) => res.writeHead(404).end()),
  ])
  const env = (change: Change = {}) => ({
    ...world.env,
    API_URL: api.url,
    REDIS_URL: redis.url,
    ...change,
  })
  return {
    world,
    redis,
    api,
    env,
    async doctor(change, now = world.now) {
      const { code, json } = await coatcheck('doctor --json', env(change), now)
      return { code, ...diagnosis(json()) }
    },
    async close() {
      await Promise.all([world.close(), redis.stop(), api.close()])
    },
  }
}

export function diagnosis({ ok, findings }: { ok: boolean; findings: readonly Finding[] }) {
  const words = (level: Finding['level']) =>
    findings
      .filter((one) => one.level === level)
      .map(({ area, seen, advice = '' }) => `${area}: ${seen} → ${advice}`)
  return { ok, findings, failures: words('failed'), warnings: words('warning') }
}

export interface LocalServer {
  readonly url: string
  readonly port: number
  close(): Promise<unknown>
}

export async function startHttp(listener: RequestListener): Promise<LocalServer> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    close: () => new Promise((resolve) => server.close(resolve).closeAllConnections()),
  }
}

/**
 * A PostgreSQL that answers whoever connects with this error, or with nothing at all.
 * Message formats: https://www.postgresql.org/docs/current/protocol-message-formats.html
 */
export async function startRefusingPostgres(refusal?: {
  code: string
  message: string
}): Promise<LocalServer> {
  const sockets = new Set<Socket>()
  const server = createTcpServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    if (refusal) socket.once('data', () => socket.end(errorResponse(refusal)))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `postgres://coatcheck:secret@127.0.0.1:${port}/coatcheck`,
    port,
    close() {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => server.close(resolve))
    },
  }
}

function errorResponse({ code, message }: { code: string; message: string }): Buffer {
  const fields = Buffer.from(`SFATAL\0C${code}\0M${message}\0\0`)
  const head = Buffer.alloc(5)
  head.write('E')
  head.writeInt32BE(fields.length + 4, 1)
  return Buffer.concat([head, fields])
}
