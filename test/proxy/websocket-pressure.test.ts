import { once } from 'node:events'
import type { Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, describe, expect, it, jest } from '@jest/globals'
import { WebSocket, WebSocketServer } from 'ws'
import { route } from './fakes.ts'
import { openWire, startFront } from './front.ts'
import { asking } from './handshake.ts'
import { startRawUpstream } from './upstream.ts'

const accepted =
  'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n'

/** A binary frame of 64,000 bytes. */
const payload = 64_000
const frame = Buffer.concat([
  Buffer.from([0x82, 126, payload >> 8, payload & 0xff]),
  Buffer.alloc(payload, 120),
])
/** The same as a client masks it, with a mask of zeros. */
const masked = Buffer.concat([
  Buffer.from([0x82, 254, payload >> 8, payload & 0xff, 0, 0, 0, 0]),
  Buffer.alloc(payload, 120),
])

/** More than any buffer on the way may hold. */
const frames = 1500
const boundedBytes = 30_000_000

/** Writes all frames at the reader's pace; how many bytes left once no more leave. */
async function send(
  socket: Socket,
  one: Buffer,
): Promise<{ stoppedAt: Promise<number>; sent: Promise<void> }> {
  const sent = (async () => {
    for (let at = 0; at < frames; at += 1) if (!socket.write(one)) await once(socket, 'drain')
  })()
  sent.catch(() => undefined)
  const left = () => socket.bytesWritten - socket.writableLength
  const stoppedAt = (async () => {
    for (let before = -1; before !== left(); ) {
      before = left()
      await pause(300)
    }
    return left()
  })()
  return { stoppedAt, sent }
}

async function openTunnel() {
  const upstream = await startRawUpstream((socket, text) => {
    if (text.startsWith('GET ')) socket.write(accepted)
  })
  const front = await startFront({ routes: [route({ target: upstream.url })] })
  const wire = await openWire(front.port)
  wire.write(asking)
  await wire.until(/\r\n\r\n$/)
  return {
    front,
    wire,
    upstream,
    server: upstream.sockets[0] as Socket,
    async [Symbol.asyncDispose]() {
      wire.socket.destroy()
      await front[Symbol.asyncDispose]()
      await upstream[Symbol.asyncDispose]()
    },
  }
}

describe('a WebSocket', () => {
  it('to a client that does not read holds its upstream back, and loses nothing', async () => {
    await using tunnel = await openTunnel()
    const { wire, server } = tunnel
    wire.socket.pause()
    const { stoppedAt, sent } = await send(server, frame)
    expect(await stoppedAt).toBeLessThan(boundedBytes)
    let received = 0
    wire.socket.removeAllListeners('data').on('data', (chunk) => {
      received += chunk.length
    })
    wire.socket.resume()
    await sent
    while (received < frames * frame.length) await pause(5)
    expect(received).toBe(frames * frame.length)
  })

  it('to an upstream that does not read holds its client back, and loses nothing', async () => {
    await using tunnel = await openTunnel()
    const { wire, server } = tunnel
    server.pause()
    const { stoppedAt, sent } = await send(wire.socket, masked)
    expect(await stoppedAt).toBeLessThan(boundedBytes)
    let received = 0
    server.removeAllListeners('data').on('data', (chunk) => {
      received += chunk.length
    })
    server.resume()
    await sent
    while (received < frames * masked.length) await pause(5)
    expect(received).toBe(frames * masked.length)
  })

  it.each(['client', 'upstream'])(
    'whose %s does not read ends within a second of its session',
    async (who) => {
      await using tunnel = await openTunnel()
      const { front, wire, server } = tunnel
      ;(who === 'client' ? wire.socket : server).pause()
      const { stoppedAt } = await send(
        who === 'client' ? server : wire.socket,
        who === 'client' ? frame : masked,
      )
      await stoppedAt
      const endedAt = performance.now()
      front.sessions.end('t1')
      const connections = () =>
        new Promise<number>((resolve) => front.server.getConnections((_error, count) => resolve(count)))
      while ((await connections()) > 0) await pause(5)
      expect(performance.now() - endedAt).toBeLessThan(1000)
      expect(front.sessions.watched).toBe(0)
    },
  )

  describe('whose other end only closes its half', () => {
    afterEach(() => void jest.useRealTimers())

    it.each(['client', 'upstream'])('the %s: does not stay for longer than ten seconds', async (who) => {
      await using tunnel = await openTunnel()
      const { front, wire, server } = tunnel
      // Neither of them ever closes the other half.
      wire.socket.allowHalfOpen = true
      server.allowHalfOpen = true
      jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'performance', 'Date'] })
      ;(who === 'client' ? wire.socket : server).end()
      // The news takes some turns of the event loop to come through.
      for (let turn = 0; turn < 200; turn += 1) await new Promise(setImmediate)
      jest.advanceTimersByTime(10_000)
      for (let turn = 0; turn < 200 && front.sessions.watched > 0; turn += 1) await new Promise(setImmediate)
      expect(front.sessions.watched).toBe(0)
    })
  })
})

describe('through a tunnel', () => {
  async function startPair(server: WebSocketServer) {
    await once(server, 'listening')
    const { port } = server.address() as import('node:net').AddressInfo
    const front = await startFront({ routes: [route({ target: `http://127.0.0.1:${port}` })] })
    const client = new WebSocket(`ws://127.0.0.1:${front.port}/api/live`, {
      headers: { Cookie: 'session=t1', Origin: 'https://app.example' },
    })
    const [[peer]] = await Promise.all([once(server, 'connection'), once(client, 'open')])
    return {
      client,
      peer: peer as WebSocket,
      async [Symbol.asyncDispose]() {
        client.terminate()
        for (const one of server.clients) one.terminate()
        server.close()
        await front[Symbol.asyncDispose]()
      },
    }
  }
  const options = { port: 0, host: '127.0.0.1' }

  it.each([
    [1000, ''],
    [1001, 'tab closed'],
    [3000, 'registered'],
    [4999, 'x'.repeat(123)],
  ])('a close with %i arrives, whoever closes', async (code, reason) => {
    for (const who of ['client', 'peer'] as const) {
      await using pair = await startPair(new WebSocketServer(options))
      const other = who === 'client' ? pair.peer : pair.client
      const closed = once(other, 'close')
      pair[who].close(code, reason)
      const [seenCode, seenReason] = await closed
      expect([seenCode, String(seenReason)]).toEqual([code, reason])
    }
  })

  it('a loss is a loss, whoever is lost', async () => {
    for (const who of ['client', 'peer'] as const) {
      await using pair = await startPair(new WebSocketServer(options))
      const other = who === 'client' ? pair.peer : pair.client
      const closed = once(other, 'close')
      pair[who].terminate()
      expect((await closed)[0]).toBe(1006)
    }
  })

  it('pings and pongs arrive with their data, both ways', async () => {
    await using pair = await startPair(new WebSocketServer(options))
    pair.peer.ping('down')
    expect(String((await once(pair.client, 'ping'))[0])).toBe('down')
    pair.client.ping('up')
    expect(String((await once(pair.peer, 'ping'))[0])).toBe('up')
    pair.client.pong('unasked')
    while (String((await once(pair.peer, 'pong'))[0]) !== 'unasked');
  })

  it('compressed, fragmented and binary messages arrive as they were', async () => {
    await using pair = await startPair(
      new WebSocketServer({ ...options, perMessageDeflate: { threshold: 0 } }),
    )
    expect(pair.client.extensions).toBe('permessage-deflate')
    pair.peer.on('message', (data, isBinary) => pair.peer.send(data, { binary: isBinary }))
    const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, at) => at % 251))
    pair.client.send(bytes)
    const [echo, isBinary] = await once(pair.client, 'message')
    expect([isBinary, Buffer.compare(echo as Buffer, bytes)]).toEqual([true, 0])
    pair.client.send('in three ', { fin: false })
    pair.client.send('frag', { fin: false })
    pair.client.send('ments', { fin: true })
    expect(String((await once(pair.client, 'message'))[0])).toBe('in three fragments')
  })
})
