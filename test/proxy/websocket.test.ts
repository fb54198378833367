import { once } from 'node:events'
import { describe, expect, it } from '@jest/globals'
import { WebSocket, WebSocketServer } from 'ws'
import type { RouteConfig } from '../../src/config/config.ts'
import { route } from './fakes.ts'
import { type Front, openWire, startFront } from './front.ts'
import { handshake } from './handshake.ts'
import { startRawUpstream, startUpstream } from './upstream.ts'

const origin = 'https://app.example'

/** An upstream that echoes, in text or binary, and remembers its handshakes. */
async function startEcho() {
  const server = new WebSocketServer({
    port: 0,
    host: '127.0.0.1',
    handleProtocols: (protocols) => [...protocols][0] ?? false,
  })
  await once(server, 'listening')
  const handshakes: import('node:http').IncomingMessage[] = []
  const closes: number[] = []
  server.on('connection', (socket, req) => {
    handshakes.push(req)
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
    socket.on('close', (code) => closes.push(code))
  })
  server.on('headers', (headers) =>
    headers.push('Set-Cookie: a=1', 'Access-Control-Allow-Origin: *', 'X-Up: yes'),
  )
  const { port } = server.address() as import('node:net').AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    handshakes,
    closes,
    server,
    async [Symbol.asyncDispose]() {
      for (const socket of server.clients) socket.terminate()
      server.close()
    },
  }
}

function open(
  front: Front,
  path = '/api/live',
  headers: Record<string, string> = {},
  protocols: string[] = [],
) {
  return new WebSocket(`ws://127.0.0.1:${front.port}${path}`, protocols, {
    headers: { Cookie: 'session=t1', Origin: origin, ...headers },
  })
}

/** The handshake with some lines replaced, or left out. */
function asking(changes: Record<string, string | undefined> = {}): string {
  const lines = handshake.flatMap((line) => {
    const name = line.split(/[: ]/, 1)[0] as string
    if (!(name in changes)) return [line]
    return changes[name] === undefined ? [] : [changes[name]]
  })
  return `${lines.join('\r\n')}\r\n\r\n`
}

describe('a WebSocket', () => {
  it('passes messages, pings and closes both ways, with its protocol', async () => {
    await using upstream = await startEcho()
    await using front = await startFront({ routes: [route({ target: upstream.url })] })
    const socket = open(front, '/api/live?x=1', {}, ['chat', 'other'])
    await once(socket, 'open')
    expect(socket.protocol).toBe('chat')
    expect(upstream.handshakes[0]?.url).toBe('/api/live?x=1')
    expect(upstream.handshakes[0]?.headers).toMatchObject({
      authorization: 'Bearer TOKEN',
      'x-forwarded-host': 'app.example',
      host: new URL(upstream.url).host,
    })
    expect(upstream.handshakes[0]?.headers.cookie).toBeUndefined()

    const big = 'x'.repeat(300_000)
    for (const text of ['one', big, '']) {
      socket.send(text)
      const [data] = await once(socket, 'message')
      expect(String(data)).toBe(text)
    }
    socket.ping('?')
    expect(String((await once(socket, 'pong'))[0])).toBe('?')
    socket.close(4000, 'done')
    await once(socket, 'close')
    while (upstream.closes.length === 0) await new Promise(setImmediate)
    expect(upstream.closes).toEqual([4000])
  })

  it('shows nothing in its 101 that an answer may not have', async () => {
    await using upstream = await startEcho()
    await using front = await startFront({ routes: [route({ target: upstream.url })] })
    const socket = open(front)
    const [response] = await once(socket, 'upgrade')
    expect(response.headers).toMatchObject({ 'x-up': 'yes', 'x-request-id': expect.stringMatching(/./) })
    expect(response.headers).not.toHaveProperty('set-cookie')
    expect(response.headers).not.toHaveProperty('access-control-allow-origin')
    socket.terminate()
  })

  it('carries bytes that either side sent with the handshake', async () => {
    await using upstream = await startRawUpstream((socket, text) => {
      if (text.startsWith('GET'))
        socket.write(
          'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n\x81\x02hi',
          'latin1',
        )
    })
    await using front = await startFront({ routes: [route({ target: upstream.url })] })
    const wire = await openWire(front.port)
    wire.write(`${asking()}\x81\x82\0\0\0\0yo`)
    await wire.until('\x81\x02hi')
    while (!upstream.received.endsWith('yo')) await new Promise(setImmediate)
    wire.socket.destroy()
  })

  it.each<[string, Partial<RouteConfig>, Record<string, string | undefined>, number, string]>([
    ['from another origin', {}, { Origin: 'Origin: https://evil.example' }, 403, 'cross-site-request'],
    ['without an origin', {}, { Origin: undefined }, 403, 'cross-site-request'],
    ['from a frame without an origin', {}, { Origin: 'Origin: null' }, 403, 'cross-site-request'],
    [
      'from two origins',
      {},
      { Origin: `Origin: ${origin}\r\nOrigin: https://evil.example` },
      403,
      'cross-site-request',
    ],
    [
      'that says it is cross-site',
      {},
      { Origin: `Origin: ${origin}\r\nSec-Fetch-Site: cross-site` },
      403,
      'cross-site-request',
    ],
    ['without an origin but with X-CSRF', {}, { Origin: 'X-CSRF: 1' }, 403, 'cross-site-request'],
    [
      'without an origin on an open route',
      { auth: 'none' },
      { Origin: undefined },
      403,
      'cross-site-request',
    ],
    ['of nobody', {}, { Cookie: undefined }, 401, 'session-required'],
    ['of nobody from elsewhere', {}, { Cookie: undefined, Origin: undefined }, 403, 'cross-site-request'],
    ['where there is none', { websocket: false }, {}, 404, 'not-found'],
    ['where GET is not allowed', { methods: ['POST'] }, {}, 405, 'method-not-allowed'],
    ['without a key', {}, { 'Sec-WebSocket-Key': undefined }, 400, 'invalid-request'],
    ['with half a key', {}, { 'Sec-WebSocket-Key': 'Sec-WebSocket-Key: dGhl' }, 400, 'invalid-request'],
    [
      'of another version',
      {},
      { 'Sec-WebSocket-Version': 'Sec-WebSocket-Version: 8' },
      400,
      'invalid-request',
    ],
    ['with two hosts', {}, { Host: 'Host: a\r\nHost: b' }, 400, 'invalid-request'],
    [
      'to an absolute target',
      {},
      { GET: 'GET http://app.example/api/live HTTP/1.1' },
      400,
      'invalid-request',
    ],
    ['to a climbing target', {}, { GET: 'GET /api/%2e%2e/x HTTP/1.1' }, 400, 'invalid-request'],
    ['off every route', {}, { GET: 'GET /other HTTP/1.1' }, 404, 'not-found'],
  ])('%s is refused', async (_what, overrides, changes, status, code) => {
    await using upstream = await startEcho()
    await using front = await startFront({ routes: [route({ target: upstream.url, ...overrides })] })
    const wire = await openWire(front.port)
    wire.write(asking(changes))
    const text = await wire.closed()
    expect(text).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(text).toMatch(/\r\nConnection: close\r\n/i)
    expect(text).toMatch(/\r\nX-Request-Id: /i)
    expect(JSON.parse(text.split('\r\n\r\n')[1] as string)).toMatchObject({ status, code })
    expect(upstream.handshakes).toEqual([])
    expect(front.sessions.uses).toEqual([])
  })

  it('from anywhere is taken where that is meant', async () => {
    await using upstream = await startEcho()
    await using front = await startFront({
      routes: [route({ target: upstream.url, auth: 'none', csrf: false })],
    })
    const socket = open(front, '/api/live', { Origin: 'https://elsewhere.example' })
    await once(socket, 'open')
    expect(upstream.handshakes[0]?.headers.authorization).toBeUndefined()
    socket.terminate()
  })

  it.each([
    ['h2c', 'GET', 'h2c'],
    ['websocket by POST', 'POST', 'websocket'],
  ])('is the only upgrade: %s is an ordinary request', async (_what, method, upgrade) => {
    await using upstream = await startUpstream()
    await using front = await startFront({ routes: [route({ target: upstream.url })] })
    const wire = await openWire(front.port)
    wire.write(
      asking({
        GET: `${method} /api/live HTTP/1.1`,
        Upgrade: `Upgrade: ${upgrade}\r\nHTTP2-Settings: AAMAAABkAAQAAP__`,
      }),
    )
    await wire.until(/^HTTP\/1.1 200 OK/)
    expect(upstream.requests[0]?.headers).not.toHaveProperty('upgrade')
    expect(upstream.requests[0]?.headers).not.toHaveProperty('http2-settings')
    wire.socket.destroy()
  })

  it('that the upstream does not want gets its answer', async () => {
    await using upstream = await startUpstream()
    upstream.answer = (_req, res) => {
      res.statusCode = 426
      res.setHeader('Set-Cookie', 'a=1')
      res.end('no sockets here')
    }
    await using front = await startFront({ routes: [route({ target: upstream.url })] })
    const wire = await openWire(front.port)
    wire.write(`${asking()}GET /api/smuggled HTTP/1.1\r\nHost: a\r\n\r\n`)
    const text = await wire.closed()
    expect(text).toMatch(/^HTTP\/1.1 426 [\s\S]*no sockets here/)
    expect(text).not.toMatch(/set-cookie/i)
    expect(upstream.requests).toHaveLength(1)
  })

  it.each([
    ['cannot be reached', undefined, 502, 'upstream-unreachable'],
    ['does not answer', '', 504, 'upstream-timeout'],
    [
      'did not read the handshake',
      'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n',
      502,
      'upstream-invalid-response',
    ],
    ['speaks something else', 'hello\r\n\r\n', 502, 'upstream-invalid-response'],
  ])('to an upstream that %s', async (_what, answer, status, code) => {
    await using upstream = await startRawUpstream((socket) => socket.write(answer ?? ''))
    const target = answer === undefined ? 'http://127.0.0.1:1' : upstream.url
    await using front = await startFront({ routes: [route({ target, timeoutMs: 100 })] })
    const wire = await openWire(front.port)
    wire.write(asking())
    const text = await wire.closed()
    expect(text).toMatch(new RegExp(`^HTTP/1\\.1 ${status} [\\s\\S]*"code":"${code}"`))
    expect(text).not.toContain('127.0.0.1')
  })

  it('counts messages from the browser as use, but no pongs', async () => {
    await using upstream = await startEcho()
    await using front = await startFront({ routes: [route({ target: upstream.url })] })
    const socket = open(front)
    await once(socket, 'open')
    expect(front.sessions.uses).toEqual(['t1'])
    socket.pong('x')
    socket.ping('x')
    await once(socket, 'pong')
    expect(front.sessions.uses).toEqual(['t1'])
    socket.send('x')
    await once(socket, 'message')
    expect(front.sessions.uses).toEqual(['t1', 't1'])
    socket.terminate()
  })

  it('ends with 4401 when its session ends', async () => {
    await using upstream = await startEcho()
    await using front = await startFront({ routes: [route({ target: upstream.url })] })
    const socket = open(front)
    await once(socket, 'open')
    front.sessions.end('t1')
    const [code] = await once(socket, 'close')
    expect(code).toBe(4401)
    while (upstream.closes.length === 0) await new Promise(setImmediate)
    expect(upstream.closes).toEqual([1001])
    while (front.sessions.watched > 0) await new Promise(setImmediate)
  })

  it('ends with 1012 when the server goes down', async () => {
    await using upstream = await startEcho()
    await using front = await startFront({ routes: [route({ target: upstream.url })] })
    const socket = open(front)
    await once(socket, 'open')
    await front.proxy.close()
    expect((await once(socket, 'close'))[0]).toBe(1012)
    while (front.sessions.watched > 0) await new Promise(setImmediate)
  })

  it('is not watched any more once it is closed', async () => {
    await using upstream = await startEcho()
    await using front = await startFront({ routes: [route({ target: upstream.url })] })
    const socket = open(front)
    await once(socket, 'open')
    expect(front.sessions.watched).toBe(1)
    socket.close()
    await once(socket, 'close')
    while (front.sessions.watched > 0) await new Promise(setImmediate)
  })

  it("brings the upstream's last words to a client that reads slowly", async () => {
    const size = 4_000_000
    const frame = Buffer.concat([
      Buffer.from([0x82, 127, 0, 0, 0, 0, 0, 0x3d, 0x09, 0x00]),
      Buffer.alloc(size, 120),
    ])
    await using upstream = await startRawUpstream((socket) => {
      socket.write(
        'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n',
      )
      socket.end(Buffer.concat([frame, Buffer.from([0x88, 2, 0x0f, 0xa0])]))
    })
    await using front = await startFront({ routes: [route({ target: upstream.url })] })
    const wire = await openWire(front.port)
    wire.socket.pause()
    wire.write(asking())
    while (!upstream.sockets[0]?.writableFinished && !upstream.sockets[0]?.writableLength)
      await new Promise(setImmediate)
    await new Promise((resolve) => setTimeout(resolve, 50))
    wire.socket.resume()
    const text = await wire.closed()
    expect(text.split('\r\n\r\n')[1]).toHaveLength(frame.length + 4)
  })

  describe('in the middle of a frame when its session ends', () => {
    const accepted =
      'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n'

    it('gets the rest of the frame, then 4401, and nothing after it', async () => {
      await using upstream = await startRawUpstream((socket) =>
        socket.write(`${accepted}\x81\x05he`, 'latin1'),
      )
      await using front = await startFront({ routes: [route({ target: upstream.url })] })
      const wire = await openWire(front.port)
      wire.write(asking())
      await wire.until('\x81\x05he')
      front.sessions.end('t1')
      wire.write('\x81\x81\0\0\0\0x')
      upstream.sockets[0]?.write('llo\x81\x05world', 'latin1')
      expect((await wire.closed()).split('\r\n\r\n')[1]).toBe('\x81\x05hello\x88\x02\x11\x31')
      expect(upstream.received).not.toContain('\x81\x81')
    })

    it('is cut when the frame does not end', async () => {
      await using upstream = await startRawUpstream((socket) =>
        socket.write(`${accepted}\x81\x05he`, 'latin1'),
      )
      await using front = await startFront({ routes: [route({ target: upstream.url })] })
      const wire = await openWire(front.port)
      wire.write(asking())
      await wire.until('\x81\x05he')
      const endedAt = performance.now()
      front.sessions.end('t1')
      expect((await wire.closed()).split('\r\n\r\n')[1]).toBe('\x81\x05he')
      expect(performance.now() - endedAt).toBeLessThan(1000)
    })
  })
})

describe('an event stream', () => {
  async function startStream() {
    const upstream = await startUpstream()
    upstream.answer = (_req, res) => {
      res.writeHead(200, { 'Content-Type': 'text/event-stream' })
      res.write('data: 1\n\n')
    }
    return upstream
  }
  const get = (path: string, cookie = 't1') =>
    `GET ${path} HTTP/1.1\r\nHost: a\r\nCookie: session=${cookie}\r\nSec-Fetch-Site: same-origin\r\nLast-Event-ID: 7\r\n\r\n`

  it('is cut when its session ends, and only then', async () => {
    await using upstream = await startStream()
    await using front = await startFront({ routes: [route({ target: upstream.url })] })
    front.sessions.begin('t2')
    const [mine, other] = [await openWire(front.port), await openWire(front.port)]
    mine.write(get('/api/events'))
    other.write(get('/api/events', 't2'))
    await Promise.all([mine.until(/data: 1/), other.until(/data: 1/)])
    expect(upstream.requests[0]?.headers['last-event-id']).toBe('7')
    front.sessions.end('t1')
    expect(await mine.closed()).not.toMatch(/\r\n0\r\n\r\n$/)
    expect(other.socket.closed).toBe(false)
    other.socket.destroy()
    while (front.sessions.watched > 0) await new Promise(setImmediate)
  })

  it('is cut at once when its session ended before it began', async () => {
    await using upstream = await startUpstream()
    const begin = Promise.withResolvers<void>()
    upstream.answer = async (_req, res) => {
      await begin.promise
      res.writeHead(200, { 'Content-Type': 'text/event-stream' })
      res.write('data: secret\n\n')
    }
    await using front = await startFront({ routes: [route({ target: upstream.url })] })
    const wire = await openWire(front.port)
    wire.write(get('/api/events'))
    while (upstream.requests.length === 0) await new Promise(setImmediate)
    front.sessions.end('t1')
    begin.resolve()
    expect(await wire.closed()).not.toContain('secret')
  })

  it('lets other answers under way finish', async () => {
    await using upstream = await startUpstream()
    const finish = Promise.withResolvers<void>()
    upstream.answer = async (_req, res) => {
      res.write('begun ')
      await finish.promise
      res.end('finished')
    }
    await using front = await startFront({ routes: [route({ target: upstream.url })] })
    const wire = await openWire(front.port)
    wire.write(get('/api/report'))
    await wire.until(/begun/)
    front.sessions.end('t1')
    finish.resolve()
    expect(await wire.until(/finished\r\n0\r\n\r\n$/)).toMatch(/200 OK/)
    wire.socket.destroy()
  })

  it('of nobody outlives every session', async () => {
    await using upstream = await startStream()
    await using front = await startFront({ routes: [route({ target: upstream.url, auth: 'none' })] })
    const wire = await openWire(front.port)
    wire.write(get('/api/events'))
    await wire.until(/data: 1/)
    expect(front.sessions.watched).toBe(0)
    wire.socket.destroy()
  })

  it('is cut when the server goes down', async () => {
    await using upstream = await startStream()
    await using front = await startFront({ routes: [route({ target: upstream.url })] })
    const wire = await openWire(front.port)
    wire.write(get('/api/events'))
    await wire.until(/data: 1/)
    front.proxy.endStreams()
    await wire.closed()
  })
})
