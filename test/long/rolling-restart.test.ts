import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, createServer, request, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { WebSocket, WebSocketServer } from 'ws'
import { type Browser, createWorld, type World } from '../../src/testing/world.ts'
import { type Edge, startCaddy, startNginx } from '../support/edges.ts'
import { sessionOf, signUp } from '../support/house.ts'
import { freePort } from '../support/ports.ts'
import { type ServerProcess, spawnServer } from '../support/server-process.ts'
import { freshDatabase, freshPrefix, redisUrl } from '../support/services.ts'
import { percentile, type Sample, steadyLoad } from '../support/steady-load.ts'

/*
 * 500 calls a second and 200 WebSockets ──> nginx or Caddy, with deploy/ ──> three coatchecks ──> API
 */

const perSecond = 500
const socketCount = 200
const memberCount = 20

let world: World

/** It takes its time over an answer, as one with a database does, and keeps connections for as long as others do. */
function startApi(port: number): Server {
  const server = createServer((req, res) => {
    let body = ''
    req.on('data', (chunk: Buffer) => {
      body += chunk.toString()
    })
    req.on('end', () =>
      setTimeout(() => res.end(`${req.method} ${req.headers.authorization?.length} ${body}`), 5),
    )
  })
  server.keepAliveTimeout = 65_000
  new WebSocketServer({ server }).on('connection', (socket) =>
    socket.on('message', (data) => socket.send(`echo ${data}`)),
  )
  return server.listen(port, '127.0.0.1')
}

async function ready(port: number): Promise<void> {
  for (const deadline = Date.now() + 30_000; Date.now() < deadline; await sleep(20)) {
    const answered = await fetch(`http://localhost:${port}/readyz`, {
      headers: { connection: 'close' },
    }).then(
      ({ status }) => status === 200,
      () => false,
    )
    if (answered) return
  }
  throw new Error(`nothing is ready on port ${port}`)
}

const cookieOf = (browser: Browser) =>
  browser
    .cookies('session')
    .map(({ name, value }) => `${name}=${value}`)
    .join()

/** Four reads and one write in five, on connections that are kept. @throws whatever is no whole answer of the API's */
function caller(cookies: readonly string[], agent: Agent) {
  let calls = 0
  return async () => {
    calls += 1
    const count = calls
    const method = count % 5 === 0 ? 'POST' : 'GET'
    const cookie = cookies[count % cookies.length] as string
    const text = await new Promise<string>((resolve, reject) => {
      const { host } = new URL(world.env['PUBLIC_URL'] ?? '')
      const headers = { host, cookie, 'sec-fetch-site': 'same-origin', 'content-type': 'text/plain' }
      const options = { host: '127.0.0.1', port: world.env['PORT'], path: '/api/x', method, headers, agent }
      const sent = request(options, (res) => {
        let body = ''
        res.on('data', (chunk: Buffer) => {
          body += chunk.toString()
        })
        res.once('error', reject).once('end', () => resolve(`${res.statusCode} ${body}`))
      })
      sent.once('error', reject).end(method === 'POST' ? `body ${count}` : '')
    })
    const whole = method === 'POST' ? `^200 POST \\d+ body ${count}$` : '^200 GET \\d+ $'
    if (!new RegExp(whole).test(text))
      throw new Error(`${method}: ${text.slice(0, 200).replaceAll(/\s+/g, ' ')}`)
  }
}

/** A WebSocket as an application keeps one: closed, it is opened again, later each time, with chance. */
class LastingSocket {
  readonly codes: number[] = []
  readonly #cookie: string
  #socket: WebSocket | undefined
  #attempts = 0
  #wanted = true

  constructor(cookie: string) {
    this.#cookie = cookie
    this.#open()
  }

  #open(): void {
    const { PUBLIC_URL: origin = '', PORT } = world.env
    const socket = new WebSocket(`ws://127.0.0.1:${PORT}/api/live`, {
      headers: { cookie: this.#cookie, origin, host: new URL(origin).host },
    })
    this.#socket = socket
    socket.once('open', () => {
      this.#attempts = 0
    })
    socket.once('error', () => undefined)
    socket.once('close', (code) => {
      this.codes.push(code)
      this.#attempts += 1
      const delayMs = Math.min(2_000, 50 * 2 ** this.#attempts) * (0.5 + Math.random())
      if (this.#wanted) setTimeout(() => this.#open(), delayMs)
    })
  }

  /** Whether it is open and says back what it is told. */
  async answers(): Promise<boolean> {
    const socket = this.#socket
    if (socket?.readyState !== WebSocket.OPEN) return false
    const heard = once(socket, 'message', { signal: AbortSignal.timeout(5_000) })
    socket.send('still there')
    return heard.then(
      ([data]) => String(data) === 'echo still there',
      () => false,
    )
  }

  close(): void {
    this.#wanted = false
    this.#socket?.close()
  }
}

async function allAnswer(sockets: readonly LastingSocket[]): Promise<number> {
  const answers = await Promise.all(sockets.map((socket) => socket.answers()))
  return answers.filter(Boolean).length
}

describe.each([
  ['nginx', startNginx],
  ['Caddy', startCaddy],
])('a fleet of three behind %s, restarted one after the other', (name, startEdge) => {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  const sockets: LastingSocket[] = []
  const folder = mkdtempSync(join(tmpdir(), 'coatcheck-rolling-'))
  let edge: Edge
  let api: Server
  const instances: { readonly port: number; server: ServerProcess }[] = []
  let startOn: (port: number) => ServerProcess

  beforeAll(async () => {
    world = await createWorld({ providers: ['kakao'] })
    const apiPort = await freePort()
    api = startApi(apiPort)
    const env: Record<string, string> = {
      ...world.env,
      REDIS_URL: redisUrl(),
      REDIS_PREFIX: freshPrefix(),
      DATABASE_URL: await freshDatabase(),
      API_URL: `http://127.0.0.1:${apiPort}`,
      TRUST_PROXY: '127.0.0.1',
      RATE_LIMIT: 'off',
      LOG_LEVEL: 'warn',
    }
    startOn = (port) => spawnServer({ ...env, PORT: String(port) })
    for (let count = 0; count < 3; count += 1) {
      const port = await freePort()
      instances.push({ port, server: startOn(port) })
      await ready(port)
    }
    const apps = instances.map(({ port }) => port)
    edge = startEdge({ folder, http: await freePort(), https: Number(env['PORT']), apps })
    await ready(Number(env['PORT'])).catch((error: Error) => {
      throw new Error(`${error.message}; ${name} said: ${edge.said().slice(-2_000)}`)
    })
  })
  afterAll(async () => {
    for (const socket of sockets) socket.close()
    agent.destroy()
    await Promise.all(instances.map(({ server }) => server.stop('SIGKILL')))
    await edge.stop()
    await world.close()
    api.closeAllConnections()
    api.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('fails no request, gets every WebSocket back and loses no session', async () => {
    const browsers = await Promise.all(
      Array.from({ length: memberCount }, async () => {
        const browser = world.browser()
        await signUp(browser)
        return browser
      }),
    )
    const cookies = browsers.map(cookieOf)
    for (let index = 0; index < socketCount; index += 1)
      sockets.push(new LastingSocket(cookies[index % memberCount] as string))
    const load = steadyLoad(perSecond, caller(cookies, agent))
    await sleep(5_000)
    expect(await allAnswer(sockets)).toBe(socketCount)
    const restartsFrom = performance.now()
    const tookMs: number[] = []
    for (const instance of instances) {
      const stoppedAt = performance.now()
      expect(await instance.server.stop()).toBe(0)
      tookMs.push(performance.now() - stoppedAt)
      instance.server = startOn(instance.port)
      await ready(instance.port)
      await sleep(2_000)
    }
    await sleep(3_000)
    await load.stop()

    const codes = sockets.flatMap(({ codes }) => codes)
    console.log(
      [
        `behind ${name}: ${load.samples.length} calls, ${load.failed} failed; an instance was gone within ${Math.max(...tookMs).toFixed(0)} ms`,
        `before the restarts ${latencies(load.samples.filter(({ at }) => at < restartsFrom))}`,
        `while they went on  ${latencies(load.samples.filter(({ at }) => at >= restartsFrom))}`,
        `${name} said: ${JSON.stringify(countBy(complaints(edge.said())))}`,
        `${codes.length} closes of ${socketCount} WebSockets: ${JSON.stringify(countBy(codes))}`,
      ].join('\n'),
    )
    expect(load.failures).toEqual([])
    expect(load.samples.length).toBeGreaterThan(10_000)
    expect(await allAnswer(sockets)).toBe(socketCount)
    expect(codes.length).toBeGreaterThanOrEqual(socketCount)
    const states = await Promise.all(browsers.map(async (browser) => (await sessionOf(browser))['state']))
    expect(states).toEqual(browsers.map(() => 'member'))
  })
})

function latencies(samples: readonly Sample[]): string {
  const values = samples.map(({ ms }) => ms)
  const [p50, p99, most] = [0.5, 0.99, 1].map((share) => percentile(values, share).toFixed(1))
  return `p50 ${p50} ms, p99 ${p99} ms, longest ${most} ms`
}

/** An edge's errors without what differs from one to the next: nginx's text, Caddy's JSON. */
function complaints(said: string): readonly string[] {
  const patterns = [/\[\w+\] \d+#\d+: (?:\*\d+ )?([^,\n]+)/g, /"level":"error".*"msg":"([^"]+)"/g]
  return patterns.flatMap((pattern) =>
    [...said.matchAll(pattern)].map(([, text = '']) => text.replaceAll(/127\.0\.0\.1:\d+/g, 'ADDRESS')),
  )
}

function countBy(values: readonly (number | string)[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1
  return counts
}
