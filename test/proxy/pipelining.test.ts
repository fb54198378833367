import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from '@jest/globals'
import { route } from './fakes.ts'
import { type Front, openWire, startFront } from './front.ts'
import { startUpstream } from './upstream.ts'

const member = 'Host: app.example\r\nCookie: session=t1\r\nSec-Fetch-Site: same-origin\r\n'
const upgrade = [
  'Host: app.example',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Origin: https://app.example',
].join('\r\n')
const get = (path: string, headers = member) => `GET ${path} HTTP/1.1\r\n${headers}\r\n`
const asking = (path: string, headers = '') => `GET ${path} HTTP/1.1\r\n${upgrade}\r\n${headers}\r\n`

/** An upstream whose answers wait for `answer()`. */
async function startSlowUpstream() {
  const upstream = await startUpstream()
  const begin = Promise.withResolvers<void>()
  upstream.answer = async (req, res) => {
    await begin.promise
    res.end(`answer to ${req.url}`)
  }
  return { upstream, answer: begin.resolve }
}

async function connectionsOf(server: Server): Promise<number> {
  return new Promise((resolve, reject) =>
    server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
  )
}

async function untilNobodyIsConnected({ server }: Front): Promise<void> {
  while ((await connectionsOf(server)) > 0) await new Promise(setImmediate)
}

const upgrades: [what: string, bytes: string, status: number][] = [
  ['that the gate refuses', asking('/api/live'), 401],
  ['off every route', asking('/other'), 404],
  ['to a malformed target', asking('/api/../live'), 400],
  ['that the gate lets pass', asking('/api/live', 'Cookie: session=t1\r\n'), 200],
]

describe('an upgrade behind a request that has no answer yet', () => {
  it.each(upgrades)('%s waits its turn, as an ordinary request', async (_what, bytes, status) => {
    const { upstream, answer } = await startSlowUpstream()
    await using front = await startFront({ routes: [route({ target: upstream.url })] })
    const wire = await openWire(front.port)
    wire.write(get('/api/slow') + bytes)
    while (upstream.requests.length === 0) await new Promise(setImmediate)
    expect(wire.text).toBe('')
    answer()
    const text = await wire.until(/HTTP\/1\.1 [\s\S]+HTTP\/1\.1 [\s\S]+\r\n\r\n./)
    expect(text).toMatch(new RegExp(`^HTTP/1.1 200 [\\s\\S]*answer to /api/slow *HTTP/1.1 ${status} `))
    expect(upstream.requests.every(({ headers }) => headers.upgrade === undefined)).toBe(true)
    wire.socket.destroy()
    await upstream[Symbol.asyncDispose]()
  })

  // A server of somebody else's, without our options: every upgrade is announced at once.
  it.each(upgrades)('%s ends the connection of a server that announces it', async (_what, bytes) => {
    const { upstream, answer } = await startSlowUpstream()
    await using front = await startFront({ routes: [route({ target: upstream.url })] })
    const server = createServer((req, res) => front.proxy.handle(req, res, () => res.end()))
    server.on('upgrade', (req, socket, head) => front.proxy.upgrade(req, socket, head))
    await once(server.unref().listen(0, '127.0.0.1'), 'listening')
    const wire = await openWire((server.address() as AddressInfo).port)
    wire.write(get('/api/slow') + bytes)
    expect(await wire.closed()).toBe('')
    answer()
    server.close()
    await upstream[Symbol.asyncDispose]()
  })
})

describe('a client that resets its connection right behind an upgrade', () => {
  it.each(upgrades)('%s leaves nothing behind', async (_what, bytes) => {
    const { upstream, answer } = await startSlowUpstream()
    await using front = await startFront({ routes: [route({ target: upstream.url })] })
    const wire = await openWire(front.port)
    await new Promise<void>((resolve) => wire.socket.write(bytes, () => resolve()))
    wire.socket.resetAndDestroy()
    await once(front.server, 'upgrade')
    await untilNobodyIsConnected(front)
    while (front.sessions.watched > 0) await new Promise(setImmediate)
    answer()
    await upstream[Symbol.asyncDispose]()
  })
})

describe('a client that resets its connection right behind a request', () => {
  it.each([
    ['GET', get('/api/x')],
    ['a small body', get('/api/x', `${member}Content-Length: 5\r\n`).replace('GET', 'POST').concat('hello')],
    ['an upgrade', asking('/api/x', 'Cookie: session=t1\r\n')],
  ])('%s goes up with its address, or not at all', async (_what, bytes) => {
    await using upstream = await startUpstream()
    await using front = await startFront({ routes: [route({ target: upstream.url })] })
    for (let round = 0; round < 50; round += 1) {
      const wire = await openWire(front.port)
      wire.write(bytes)
      wire.socket.resetAndDestroy()
    }
    await untilNobodyIsConnected(front)
    // Whatever still was on its way there has arrived before this.
    const last = await openWire(front.port)
    last.write(get('/api/last'))
    await last.until(/\r\n\r\n/)
    expect(new Set(upstream.requests.map(({ headers }) => headers['x-forwarded-for']))).toEqual(
      new Set(['127.0.0.1']),
    )
    last.socket.destroy()
  })
})

describe('requests that are sent ahead', () => {
  it('are answered in their order, a hundred of them', async () => {
    await using upstream = await startUpstream()
    upstream.answer = (req, res) => void setTimeout(() => res.end(`${req.url} `), 20 * Math.random())
    await using front = await startFront({ routes: [route({ target: upstream.url })] })
    const paths = Array.from({ length: 100 }, (_, at) => `/api/${at}`)
    const wire = await openWire(front.port)
    for (let round = 0; round < 2; round += 1) wire.write(paths.map((path) => get(path)).join(''))
    const answers = async () => [...wire.text.matchAll(/\/api\/\d+ /g)].map(([path]) => path.trim())
    while ((await answers()).length < 200 && !wire.socket.closed) await new Promise(setImmediate)
    // The second hundred was sent before the first was answered: too far ahead.
    expect(wire.socket.closed).toBe(true)

    const other = await openWire(front.port)
    for (let round = 0; round < 2; round += 1) {
      other.write(paths.map((path) => get(path)).join(''))
      while (other.text.match(/\/api\/\d+ /g)?.length !== 100 * (round + 1)) await new Promise(setImmediate)
    }
    expect(other.text.match(/\/api\/\d+ /g)?.map((path) => path.trim())).toEqual([...paths, ...paths])
    other.socket.destroy()
  })

  it.each([
    ['a member', get('/api/x')],
    ['nobody', get('/open/x', 'Host: app.example\r\n')],
  ])('by %s in thousands cost the upstream no thousands of connections', async (_who, bytes) => {
    await using upstream = await startUpstream()
    upstream.answer = () => undefined
    await using front = await startFront({
      routes: [
        route({ target: upstream.url }),
        route({ target: upstream.url, path: '/open', auth: 'none', csrf: false }),
      ],
    })
    const wire = await openWire(front.port)
    wire.write(bytes.repeat(3000))
    expect(await wire.closed()).toBe('')
    await untilNobodyIsConnected(front)
    expect(upstream.connections).toBeLessThanOrEqual(101)
  })
})
