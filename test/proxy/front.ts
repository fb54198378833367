import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { connect, type Socket } from 'node:net'
import type { RouteConfig } from '../../src/config/config.ts'
import { createBodyPace, type PaceLimits } from '../../src/http/body-pace.ts'
import { Problem } from '../../src/http/problem.ts'
import type { Log } from '../../src/ops/log.ts'
import { type ApiProxy, createProxy } from '../../src/proxy/create-proxy.ts'
import type { ProxySample, UpstreamTrace } from '../../src/proxy/proxy-context.ts'
import { afterTheGate, serverOptions } from '../../src/proxy/server-options.ts'
import { refuseUpgrade } from '../../src/proxy/upgrade-answer.ts'
import { type FakeSessions, type FakeTokens, fakeSessions, fakeTokens, now } from './fakes.ts'

export interface Front extends AsyncDisposable {
  readonly url: string
  readonly port: number
  readonly server: Server
  readonly proxy: ApiProxy
  readonly sessions: FakeSessions
  readonly tokens: FakeTokens
  readonly samples: ProxySample[]
  readonly logged: string[]
  /** What the browser of a signed-in member sends. */
  readonly member: Readonly<Record<string, string>>
}

export interface FrontOptions {
  readonly routes: readonly RouteConfig[]
  readonly publicOrigin?: string
  readonly trustProxy?: readonly string[]
  /** What a request's body must bring at least. */
  readonly pace?: PaceLimits
  readonly trace?: UpstreamTrace
  readonly connections?: number
}

/** A proxy behind a listening server, as the process floor has it; what no route takes gets 404 and `not ours`. */
export async function startFront({
  routes,
  publicOrigin,
  trustProxy = [],
  pace,
  ...limits
}: FrontOptions): Promise<Front> {
  const sessions = fakeSessions()
  const tokens = fakeTokens()
  const samples: ProxySample[] = []
  const logged: string[] = []
  const event = (name: string) => void logged.push(name)
  const log: Log = { debug: event, info: event, warn: event, error: event }
  const origin = publicOrigin ?? 'https://app.example'
  const proxy = createProxy({
    ...limits,
    routes,
    publicOrigin: origin,
    publicHost: new URL(origin).host,
    secure: origin.startsWith('https:'),
    trustProxy,
    ownCookieNames: (name) => name === 'session' || name.startsWith('login-'),
    loginPath: '/login',
    reader: sessions,
    tokens,
    clock: () => now,
    log,
    bodyPace: createBodyPace(pace),
    observe: (sample) => samples.push(sample),
  })
  const listener: Parameters<typeof afterTheGate>[0] = (req, res) =>
    proxy.handle(req, res, () => {
      res.statusCode = 404
      res.end('not ours')
    })
  const server = createServer(serverOptions, listener)
  server.on('checkContinue', afterTheGate(listener))
  server.on('upgrade', (req, socket, head) => {
    if (!proxy.upgrade(req, socket, head)) refuseUpgrade(req, socket, new Problem('not-found'))
  })
  // A test that fails must not keep the run from ending.
  server.unref().on('connection', (socket) => socket.unref())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no TCP port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    server,
    proxy,
    sessions,
    tokens,
    samples,
    logged,
    member: { Cookie: sessions.begin('t1'), 'Sec-Fetch-Site': 'same-origin' },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await proxy.close()
    },
  }
}

/** Lets what is in the kernel arrive, however the clock stands. */
export async function turns(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await new Promise(setImmediate)
}

/** A connection on which a test writes bytes and reads what comes back. */
export interface Wire {
  readonly socket: Socket
  /** All that has come back, latin1. */
  readonly text: string
  write(text: string | Buffer): void
  /** Resolves when `pattern` has come back; a string: when everything ends with it. */
  until(pattern: RegExp | string): Promise<string>
  /** Resolves with everything when the other side has closed. */
  closed(): Promise<string>
  /** How it closed: `end` in good order, or the error's code. */
  readonly ending: string | undefined
}

export async function openWire(port: number): Promise<Wire> {
  // Without delay: a test that drips means each drop to leave at once.
  const socket = connect(port, '127.0.0.1').setNoDelay().unref()
  await once(socket, 'connect')
  let text = ''
  let ending: string | undefined
  const checks = new Set<() => void>()
  const check = () => {
    for (const one of checks) one()
  }
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1')
    check()
  })
  socket.on('end', () => {
    ending ??= 'end'
  })
  socket.on('error', (error: NodeJS.ErrnoException) => {
    ending = error.code
  })
  socket.on('close', check)
  function when(condition: () => boolean): Promise<string> {
    return new Promise((resolve, reject) => {
      const one = () => {
        if (condition()) {
          checks.delete(one)
          resolve(text)
        } else if (socket.closed) reject(new Error(`closed too early after: ${text}`))
      }
      checks.add(one)
      one()
    })
  }
  return {
    socket,
    get text() {
      return text
    },
    get ending() {
      return ending
    },
    write: (bytes) => void socket.write(bytes, 'latin1' as never),
    until: (pattern) =>
      when(() => (typeof pattern === 'string' ? text.endsWith(pattern) : pattern.test(text))),
    closed: () => when(() => socket.closed),
  }
}
