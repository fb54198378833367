import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, get, type IncomingHttpHeaders, type IncomingMessage, type Server } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { WebSocket, WebSocketServer } from 'ws'
import { createWorld, type World } from '../../src/testing/world.ts'
import { openWire, type Wire } from '../proxy/front.ts'
import { freePort } from '../support/ports.ts'
import { type ServerProcess, spawnServer, startServer } from '../support/server-process.ts'
import { freshDatabase, freshPrefix, redisUrl } from '../support/services.ts'

const main = join(import.meta.dirname, '../../src/main.ts')

/** What the API waits for keeps no test from ending. */
const later = (query: URLSearchParams) => sleep(Number(query.get('ms')), undefined, { ref: false })

let world: World
let api: Server
let apiUrl: string
beforeAll(async () => {
  world = await createWorld({ providers: ['kakao'] })
  const port = await freePort()
  apiUrl = `http://127.0.0.1:${port}`
  api = createServer(async (req, res) => {
    const { pathname, searchParams } = new URL(req.url ?? '', apiUrl)
    if (pathname === '/open/events') res.writeHead(200, { 'Content-Type': 'text/event-stream' })
    if (pathname !== '/open/slow') res.write('data: begun\n\n')
    await later(searchParams)
    if (pathname !== '/open/events') res.end('whole')
  }).listen(port, '127.0.0.1')
  const sockets = new WebSocketServer({ noServer: true })
  api.on('upgrade', async (req, raw, head) => {
    await later(new URL(req.url ?? '', apiUrl).searchParams)
    sockets.handleUpgrade(req, raw, head, () => undefined)
  })
})
afterAll(async () => {
  await world.close()
  api.closeAllConnections()
  api.close()
})

async function start(env: Readonly<Record<string, string>> = {}): Promise<ServerProcess> {
  return startServer({
    ...world.env,
    REDIS_URL: redisUrl(),
    REDIS_PREFIX: freshPrefix(),
    DATABASE_URL: await freshDatabase(),
    API_ROUTES: JSON.stringify([{ path: '/open', target: apiUrl, auth: 'none', csrf: false }]),
    LOG_LEVEL: 'info',
    ...env,
  })
}

interface Answer {
  readonly status: number | undefined
  readonly headers: IncomingHttpHeaders
}

/** On a connection of its own. */
function ask(path: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    get(
      `${world.env['PUBLIC_URL']}${path}`,
      { agent: false, headers: { connection: 'keep-alive' } },
      (res: IncomingMessage) => {
        res.resume().once('end', () => resolve({ status: res.statusCode, headers: res.headers }))
      },
    ).once('error', reject)
  })
}

const port = () => Number(world.env['PORT'])
const request = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost:${port()}\r\n\r\n`

/** A connection on which something has been asked. */
async function wire(path: string): Promise<Wire> {
  const open = await openWire(port())
  open.write(request(path))
  return open
}

async function socket(query = ''): Promise<WebSocket> {
  const { PUBLIC_URL: origin } = world.env
  const open = new WebSocket(`ws://localhost:${port()}/open/socket${query}`, { origin: `${origin}` })
  await once(open, 'open')
  return open
}

describe.each([
  ['one process', '1'],
  ['two workers', '2'],
])('SIGTERM to %s', (_, WORKERS) => {
  const timeoutMs = 6_000
  const facts = {} as {
    exitCode: number | null
    /** ms after the signal. */
    exitedAt: number
    refusedAt: number
    idleClosedAt: number
    newcomer: Answer
    closeCode: number
    wires: Readonly<Record<'idle' | 'busy' | 'begun' | 'late' | 'events', Wire>>
  }

  beforeAll(async () => {
    const server = await start({ WORKERS, SHUTDOWN_TIMEOUT: `${timeoutMs}ms` })
    const wires = {
      idle: await wire('/healthz'),
      late: await wire('/healthz'),
      begun: await wire('/open/begun?ms=3500'),
      events: await wire('/open/events'),
      busy: await wire('/open/slow?ms=3000'),
    }
    for (const one of [wires.idle, wires.late]) await one.until(/"ok"/)
    for (const one of [wires.begun, wires.events]) await one.until(/begun/)
    const live = await socket()
    const [closed, signalled] = [once(live, 'close'), performance.now()]
    const exit = server.stop()
    const elapsed = () => performance.now() - signalled
    const idleClosed = wires.idle.closed().then(elapsed)
    while ((await ask('/readyz')).status === 200) await sleep(10)
    const newcomer = await ask('/healthz')
    while (await ask('/healthz').then(Boolean, () => false)) await sleep(10)
    const refusedAt = elapsed()
    wires.late.write(request('/healthz'))
    const exitCode = await exit
    Object.assign(facts, { exitCode, exitedAt: elapsed(), refusedAt, idleClosedAt: await idleClosed })
    Object.assign(facts, { newcomer, closeCode: (await closed)[0], wires })
  }, 60_000)

  it('first makes it unready, while it still takes requests as ever', () => {
    expect(facts.newcomer).toMatchObject({ status: 200, headers: { connection: 'keep-alive' } })
    expect(facts.refusedAt).toBeGreaterThan(timeoutMs / 10 - 50)
  })

  it('then answers once more on open connections, and says that it was the last time', () => {
    expect(facts.wires.late.text).toMatch(
      /HTTP\/1\.1 200 (?:.|\r\n)*HTTP\/1\.1 200 (?:.|\r\n)*Connection: close\r\n/,
    )
  })

  it('closes idle connections a moment after new ones are refused, not at that moment', () => {
    expect(facts.idleClosedAt).toBeGreaterThan((timeoutMs / 10) * 2 - 50)
    // Before the running request is over.
    expect(facts.idleClosedAt).toBeLessThan(2_900)
    expect(facts.wires.idle.ending).toBe('end')
  })

  it('lets a running request finish, with “Connection: close”', () => {
    expect(facts.wires.busy.text).toMatch(
      /^HTTP\/1\.1 200 (?:.|\r\n)*\r\nConnection: close\r\n(?:.|\r\n)*whole/,
    )
  })

  it('lets an answer that has begun finish', () => {
    expect(facts.wires.begun.text).toMatch(/whole\r\n0\r\n\r\n$/)
  })

  it('closes WebSockets with 1012, service restart', () => {
    expect(facts.closeCode).toBe(1012)
  })

  it('ends event streams so that they do not look whole', () => {
    expect(facts.wires.events.text).toMatch(/begun\n\n\r\n$/)
  })

  it('ends it with 0 as soon as the last answer is out', () => {
    expect(facts.exitCode).toBe(0)
    expect(facts.exitedAt).toBeGreaterThan(3_000)
    expect(facts.exitedAt).toBeLessThan(timeoutMs * 0.7)
  })
})

describe('the deadline', () => {
  it.each(['1', '2'])('cuts what does not finish, and the exit code is 0 (WORKERS=%s)', async (WORKERS) => {
    const server = await start({ WORKERS, SHUTDOWN_TIMEOUT: '4s' })
    const slow = await wire('/open/slow?ms=20000')
    const signalled = performance.now()
    expect(await server.stop()).toBe(0)
    // At three seconds: the last one is for the stores.
    expect(performance.now() - signalled).toBeLessThan(3_600)
    await slow.closed()
    expect(slow.text).toBe('')
    expect(server.output().stdout).toMatch(/"connections":1,"event":"shutdown.cut"/)
  })

  it('is not waited for by a WebSocket whose handshake was still under way', async () => {
    const server = await start({ SHUTDOWN_TIMEOUT: '6s' })
    const opening = socket('?ms=2000')
    await sleep(100)
    const exit = server.stop()
    const [code] = await once(await opening, 'close')
    expect([code, await exit]).toEqual([1012, 0])
    expect(server.output().stdout).not.toContain('shutdown.cut')
  })
})

/** A module that makes workers deaf: SIGTERM finds them in a loop. */
function deafWorkers(): Readonly<Record<string, string>> {
  const path = join(mkdtempSync(join(world.env['DATA_DIR'] as string, 'deaf-')), 'deaf.mjs')
  writeFileSync(
    path,
    `import cluster from 'node:cluster'
     if (cluster.isWorker) process.prependListener('SIGTERM', () => { for (;;); })`,
  )
  return { WORKERS: '2', NODE_OPTIONS: `--import ${path}` }
}

describe('a worker that hears nothing', () => {
  // A server counts as stopped when nobody holds its output any more: no worker stays behind.
  it('is killed when the time is up', async () => {
    const server = await start({ SHUTDOWN_TIMEOUT: '1s', ...deafWorkers() })
    expect(await server.stop()).toBe(0)
  })

  it('is killed by a second signal', async () => {
    const server = await start({ SHUTDOWN_TIMEOUT: '60s', ...deafWorkers() })
    const exit = server.stop()
    await sleep(700)
    server.child.kill('SIGTERM')
    expect(await exit).toBe(143)
  })
})

describe('a second signal', () => {
  it('ends it at once, whatever is under way', async () => {
    const server = await start({ SHUTDOWN_TIMEOUT: '30s' })
    await wire('/open/slow?ms=20000')
    const exit = server.stop()
    await sleep(700)
    const asked = performance.now()
    server.child.kill('SIGINT')
    expect(await exit).toBe(130)
    expect(performance.now() - asked).toBeLessThan(1_000)
  })

  it('at the same moment is the first one told twice, as npm does with Ctrl-C', async () => {
    const server = await start({ SHUTDOWN_TIMEOUT: '2s' })
    const busy = await wire('/open/slow?ms=600')
    const exit = server.stop('SIGINT')
    await sleep(100)
    server.child.kill('SIGINT')
    expect(await exit).toBe(0)
    expect(busy.text).toContain('whole')
  })
})

describe('before it listens', () => {
  it('SIGTERM ends it at once, with 0', async () => {
    // A Redis that accepts and says nothing is waited for.
    const silent = createTcpServer().listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const { port: silentPort } = silent.address() as AddressInfo
    const server = spawnServer({ ...world.env, REDIS_URL: `redis://127.0.0.1:${silentPort}` })
    const [peer] = (await once(silent, 'connection')) as [Socket]
    const asked = performance.now()
    expect(await server.stop()).toBe(0)
    expect(performance.now() - asked).toBeLessThan(1_000)
    peer.destroy()
    silent.close()
  })
})

/** A process namespace of its own: for root, and where users may have one. */
const namespace = ['--user', '--map-root-user', '--pid', '--fork', '--kill-child']
const mayBeFirst = spawnSync('unshare', [...namespace, 'true']).status === 0

describe('as process 1 of a container, which has no default way to handle a signal', () => {
  const whereAllowed = mayBeFirst ? it : it.skip

  whereAllowed.each(['SIGTERM', 'SIGINT'] as const)('%s ends it with 0', async (signal) => {
    const env = { PATH: process.env['PATH'] ?? '', ...world.env, SHUTDOWN_TIMEOUT: '1s' }
    const node = [process.execPath, '--disable-warning=ExperimentalWarning', main]
    const container = spawn('unshare', [...namespace, ...node], { env, stdio: 'ignore' })
    const exited = once(container, 'close')
    while ((await ask('/readyz').catch(() => undefined))?.status !== 200) await sleep(20)
    const children = readFileSync(`/proc/${container.pid}/task/${container.pid}/children`, 'utf8')
    process.kill(Number(children), signal)
    expect((await exited)[0]).toBe(0)
  })
})
