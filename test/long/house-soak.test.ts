import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createWorld, faults, type World } from '../../src/testing/world.ts'
import { freePort } from '../support/ports.ts'
import { median, processFigures, sum } from '../support/process-figures.ts'
import { type ServerProcess, startServer } from '../support/server-process.ts'
import { freshDatabase, freshPrefix, redisUrl } from '../support/services.ts'
import { startSoakApi } from '../support/soak-api.ts'
import { createMembers } from '../support/soak-members.ts'
import {
  describeSoak,
  drawSoak,
  growth,
  laterHalf,
  type Moment,
  type Weighing,
} from '../support/soak-report.ts'
import { startTraffic, type Traffic } from '../support/soak-traffic.ts'
import { percentile } from '../support/steady-load.ts'

const seconds = Number(process.env['SOAK_SECONDS'] ?? 60)
const sampleEveryMs = Math.max(2_000, (seconds * 1000) / 150)
/** In a short run caches and compilers are still filling. */
const allowedGrowth = seconds >= 600 ? 0.05 : 0.25
/** How often memory is weighed after a full collection. */
const weighings = 20
const root = join(import.meta.dirname, '../..')
const picture = join(root, 'docs/pictures/soak.svg')

const mix = {
  reads: 120,
  writes: 30,
  vouched: 10,
  files: 60,
  sessions: 30,
  comings: 1.5,
  sockets: 40,
  streams: 40,
}
const providers = ['kakao', 'naver', 'google']

const folder = mkdtempSync(join(tmpdir(), 'coatcheck-soak-'))
let world: World
let api: Server
let server: ServerProcess
let port: number
let opsPort: number

beforeAll(async () => {
  world = await createWorld({ providers })
  for (const id of providers)
    world.provider(id).fail(
      'token',
      faults.change((body) => ({ ...body, expires_in: 60 })),
      Number.POSITIVE_INFINITY,
    )
  const apiPort = await freePort()
  api = startSoakApi(apiPort)
  const pages = join(folder, 'pages')
  mkdirSync(pages)
  writeFileSync(join(pages, 'index.html'), '<!doctype html><title>soak</title>')
  for (let index = 0; index < 20; index += 1)
    writeFileSync(join(pages, `asset-${index}.js`), `// ${'x'.repeat(1_000 * (index + 1))}\n`)
  port = Number(world.env['PORT'])
  opsPort = await freePort()
  const target = `http://127.0.0.1:${apiPort}`
  server = await startServer({
    ...world.env,
    REDIS_URL: redisUrl(),
    REDIS_PREFIX: freshPrefix(),
    DATABASE_URL: await freshDatabase(),
    API_ROUTES: JSON.stringify([
      { path: '/api', target },
      { path: '/vouched', target, token: 'provider' },
    ]),
    // Issued anew every ten seconds: each leaves with thirty.
    SERVICE_TOKEN_LIFETIME: '40s',
    SPA_DIR: pages,
    NODE_OPTIONS: `${heapOptions()} --import ${collectAtSignal()}`,
    RATE_LIMIT: '100000/1m',
    OPS_PORT: String(opsPort),
    LOG_LEVEL: 'warn',
  })
})
afterAll(async () => {
  await server.stop('SIGKILL')
  await world.close()
  api.closeAllConnections()
  api.close()
  rmSync(folder, { recursive: true, force: true })
})

const patienceMs = (seconds + 120) * 1000

describe(`everything at once, for ${seconds} seconds`, () => {
  const story = async () => {
    const traffic = startTraffic(port, await createMembers(world, providers, 40), mix)
    const [moments, weighed] = await Promise.all([watch(traffic), weigh()])
    await traffic.stop()
    await sleep(2_000)
    const after = await processFigures(opsPort)
    const findings = { moments, weighed, after }
    console.log(`${describeSoak(traffic, findings)}\n${server.output().stdout.slice(-2_000)}`)
    if (process.env['UPDATE_PICTURES'] === '1') writeFileSync(picture, drawSoak(findings))

    expect(traffic.failures()).toEqual([])
    expect(server.output()).toEqual({ stdout: '', stderr: '' })
    expect(growth(laterHalf(weighed), ({ liveMb }) => liveMb)).toBeLessThan(allowedGrowth)
    const [early, late] = [moments.slice(2, moments.length >> 1), laterHalf(moments)]
    const halves = (figure: (moment: Moment) => number, of: (values: readonly number[]) => number) =>
      [of(early.map(figure)), of(late.map(figure))] as const
    // V8 gives memory back and takes it again: what counts is that it never takes more than before.
    for (const figure of [({ rssMb }: Moment) => rssMb, ({ descriptors }: Moment) => descriptors]) {
      const [before, now] = halves(figure, (values) => Math.max(...values))
      expect(now).toBeLessThan(before * (1 + allowedGrowth))
    }
    for (const share of ['p50', 'p99'] as const) {
      const [before, now] = halves((moment) => moment[share], median)
      expect(now).toBeLessThan(before * 1.5 + 2)
    }
    expect(sum(after.lines, 'coatcheck_connections')).toBe(0)
    expect(await server.stop()).toBe(0)
  }
  it('fails nowhere, grows nowhere, and gets no slower', story, patienceMs)
})

/** A module that collects everything twice at SIGUSR2: finalizers first, then what they held. */
function collectAtSignal(): string {
  const path = join(folder, 'collect.mjs')
  writeFileSync(path, "process.on('SIGUSR2', () => { gc(); gc() })")
  return path
}

async function weigh(): Promise<readonly Weighing[]> {
  const weighed: Weighing[] = []
  const begun = performance.now()
  for (let count = 0; count < weighings; count += 1) {
    await sleep((seconds * 1000) / weighings)
    server.child.kill('SIGUSR2')
    const { heapMb } = await processFigures(opsPort)
    weighed.push({ second: (performance.now() - begun) / 1000, liveMb: heapMb })
  }
  return weighed
}

/** Node's, as `npm start` has them. */
function heapOptions(): string {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  return scripts.start.match(/--(max-semi-space-size=\d+|expose-gc)/g).join(' ')
}

async function watch({ loads }: Traffic): Promise<readonly Moment[]> {
  const moments: Moment[] = []
  const begun = performance.now()
  let seen = 0
  while (performance.now() - begun < seconds * 1000) {
    await sleep(sampleEveryMs)
    const reads = (loads['reads']?.samples ?? []).slice(seen).map(({ ms }) => ms)
    seen += reads.length
    const [p50 = 0, p99 = 0] = [0.5, 0.99].map((share) => percentile(reads, share))
    moments.push({ ...(await processFigures(opsPort)), second: (performance.now() - begun) / 1000, p50, p99 })
  }
  return moments
}
