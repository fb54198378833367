import { createServer } from 'node:http'
import type { Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, describe, expect, it, jest } from '@jest/globals'
import { serverOptions } from '../../src/proxy/server-options.ts'
import { route } from './fakes.ts'
import { openWire, startFront } from './front.ts'
import { startRawUpstream, startUpstream } from './upstream.ts'

const head = 'Host: app.example\r\nCookie: session=t1\r\nSec-Fetch-Site: same-origin\r\n'
const get = `GET /api/x HTTP/1.1\r\n${head}\r\n`
const post = (length: number) => `POST /api/x HTTP/1.1\r\n${head}Content-Length: ${length}\r\n\r\n`
const piece = Buffer.alloc(65_536, 120)

/** Writes at the reader's pace, for ever. */
function flood(socket: Socket): void {
  const write = () => {
    while (!socket.destroyed && socket.write(piece));
  }
  socket.on('drain', write)
  write()
}

/** What has left this process on a socket, once no more of it leaves. */
async function bytesUntilItStops(socket: Socket): Promise<number> {
  let before = -1
  while (socket.bytesWritten - socket.writableLength !== before) {
    before = socket.bytesWritten - socket.writableLength
    await pause(300)
  }
  return before
}

/** Above what the kernel holds for two connections, far below what a flood of some seconds would be in memory. */
const boundedBytes = 30_000_000

describe('an answer that has begun', () => {
  it.each([
    ['with a length', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n'],
    ['in chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n'],
    ['until the end', 'HTTP/1.1 200 OK\r\n\r\nhalf'],
  ])('%s and then stands still is broken off on both sides', async (_what, answer) => {
    await using upstream = await startRawUpstream((socket) => socket.write(answer))
    await using front = await startFront({
      routes: [route({ target: upstream.url, timeoutMs: 100 })],
      bodyIdleMs: 100,
    })
    const wire = await openWire(front.port)
    wire.write(get)
    expect(await wire.closed()).toMatch(/^HTTP\/1\.1 200 (?![\s\S]*\r\n0\r\n\r\n$)/)
    while (upstream.sockets.some((socket) => !socket.destroyed)) await pause(5)
    expect(front.samples).toMatchObject([{ status: 200, cut: true, code: 'upstream-timeout' }])
  })

  it('may take its time as long as it goes on', async () => {
    await using upstream = await startUpstream()
    upstream.answer = async (_req, res) => {
      for (let at = 0; at < 20; at += 1) {
        res.write('.')
        await pause(70)
      }
      res.end('whole')
    }
    await using front = await startFront({
      routes: [route({ target: upstream.url, timeoutMs: 100 })],
      bodyIdleMs: 500,
    })
    const wire = await openWire(front.port)
    wire.write(get)
    await wire.until(/whole\r\n0\r\n\r\n$/)
    wire.socket.destroy()
  })

  it('may pause for ever as an event stream', async () => {
    await using upstream = await startUpstream()
    upstream.answer = (_req, res) => {
      res.writeHead(200, { 'Content-Type': 'text/event-stream' })
      res.write('data: 1\n\n')
      setTimeout(() => res.write('data: 2\n\n'), 600)
    }
    await using front = await startFront({
      routes: [route({ target: upstream.url, timeoutMs: 100 })],
      bodyIdleMs: 100,
    })
    const wire = await openWire(front.port)
    wire.write(get)
    await wire.until(/data: 2/)
    wire.socket.destroy()
  })

  describe('by default', () => {
    afterEach(() => void jest.useRealTimers())

    it('may stand still for five minutes, and is broken off before ten are over', async () => {
      jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'performance', 'Date'] })
      await using upstream = await startRawUpstream((socket) =>
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf'),
      )
      await using front = await startFront({ routes: [route({ target: upstream.url, timeoutMs: 1000 })] })
      const wire = await openWire(front.port)
      wire.write(get)
      await wire.until(/half$/)
      jest.advanceTimersByTime(1000 + 300_000 - 1)
      for (let turn = 0; turn < 50; turn += 1) await new Promise(setImmediate)
      expect(wire.socket.closed).toBe(false)
      jest.advanceTimersByTime(300_000)
      expect(await wire.closed()).toMatch(/half$/)
    })
  })

  it('to a client that does not read is held back, and broken off in the end', async () => {
    await using upstream = await startRawUpstream((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n')
      flood(socket)
    })
    await using front = await startFront({
      routes: [route({ target: upstream.url, timeoutMs: 100 })],
      bodyIdleMs: 2500,
    })
    const wire = await openWire(front.port)
    wire.socket.pause()
    wire.write(get)
    while (upstream.sockets.length === 0) await pause(5)
    expect(await bytesUntilItStops(upstream.sockets[0] as Socket)).toBeLessThan(boundedBytes)
    expect(upstream.sockets[0]?.destroyed).toBe(false)
    while (!upstream.sockets[0]?.destroyed) await pause(20)
    expect(front.samples).toMatchObject([{ status: 200, cut: true }])
    wire.socket.destroy()
  })

  it('to a client that reads slowly arrives whole', async () => {
    // What the kernel holds at the end is a small part of it: nobody sees that being read.
    const size = 64_000_000
    await using upstream = await startUpstream()
    const body = Buffer.alloc(size, 120)
    upstream.answer = (_req, res) => res.end(body)
    await using front = await startFront({
      // Less than the whole answer takes, and enough for its head on a busy machine.
      routes: [route({ target: upstream.url, timeoutMs: 800 })],
      bodyIdleMs: 1500,
    })
    const wire = await openWire(front.port)
    let received = 0
    // A pause for every megabyte, however small the pieces are: as long on a slow machine as on a fast one.
    let pauses = 0
    wire.socket.removeAllListeners('data').on('data', (chunk) => {
      received += chunk.length
      if (received < (pauses + 1) * 1_000_000) return
      pauses += 1
      wire.socket.pause()
      setTimeout(() => wire.socket.resume(), 60)
    })
    wire.write(get)
    const failed = () => front.samples.some(({ status, cut }) => status !== 200 || cut)
    while (received < size && !wire.socket.closed && !failed()) await pause(20)
    expect(received).toBeGreaterThan(size)
    wire.socket.destroy()
  })
})

describe('a request', () => {
  it('whose head comes byte by byte is given up by the server', async () => {
    // As the process floor has it, in a hundredth of the time.
    expect(serverOptions.headersTimeout).toBeLessThanOrEqual(30_000)
    const asked: string[] = []
    const server = createServer(
      {
        ...serverOptions,
        headersTimeout: serverOptions.headersTimeout / 100,
        connectionsCheckingInterval: 20,
      },
      (req, res) => {
        asked.push(req.url as string)
        res.end()
      },
    )
    await new Promise<void>((resolve) => server.unref().listen(0, '127.0.0.1', resolve))
    const wire = await openWire((server.address() as import('node:net').AddressInfo).port)
    const drip = setInterval(() => wire.write('X'), 10)
    wire.write('GET /api/x HTTP/1.1\r\nX')
    expect(await wire.closed()).toMatch(/^HTTP\/1\.1 408 /)
    clearInterval(drip)
    server.close()
    expect(asked).toEqual([])
  })

  it('whose small body comes byte by byte has the time of its route, and never a connection upstream', async () => {
    await using upstream = await startUpstream()
    await using front = await startFront({ routes: [route({ target: upstream.url, timeoutMs: 200 })] })
    const wire = await openWire(front.port)
    wire.write(post(1000))
    const drip = setInterval(() => wire.write('x'), 10)
    const startedAt = performance.now()
    await wire.closed()
    clearInterval(drip)
    expect(performance.now() - startedAt).toBeLessThan(2000)
    expect(upstream.connections).toBe(0)
  })

  it('whose large body stands still is cut on both sides', async () => {
    await using upstream = await startUpstream()
    upstream.answer = () => undefined
    await using front = await startFront({ routes: [route({ target: upstream.url, timeoutMs: 200 })] })
    const wire = await openWire(front.port)
    wire.write(post(1_000_000))
    wire.write('x'.repeat(1000))
    await wire.closed()
    expect(upstream.requests.map(({ body }) => body.length)).toEqual([1000])
    while (front.samples.length === 0) await pause(5)
    expect(front.samples).toMatchObject([{ cut: true }])
  })

  it('whose large body comes slowly but goes on is carried', async () => {
    await using upstream = await startUpstream()
    await using front = await startFront({ routes: [route({ target: upstream.url, timeoutMs: 800 })] })
    const wire = await openWire(front.port)
    wire.write(post(20_000))
    for (let sent = 0; sent < 20_000; sent += 2000) {
      wire.write('x'.repeat(2000))
      await pause(120)
    }
    await wire.until(/^HTTP\/1\.1 200 /)
    expect(upstream.requests.map(({ body }) => body.length)).toEqual([20_000])
    wire.socket.destroy()
  })

  it('to an upstream that does not read is held back, and ends in time', async () => {
    await using upstream = await startRawUpstream((socket) => socket.pause())
    await using front = await startFront({ routes: [route({ target: upstream.url, timeoutMs: 1500 })] })
    const wire = await openWire(front.port)
    wire.write(`POST /api/x HTTP/1.1\r\n${head}Content-Length: 900000000\r\n\r\n`)
    flood(wire.socket)
    expect(await bytesUntilItStops(wire.socket)).toBeLessThan(boundedBytes)
    expect(await wire.until(/"code":"upstream-timeout"/)).toMatch(/^HTTP\/1\.1 504 /)
    wire.socket.destroy()
  })

  it('that is refused has its body read away for five seconds, not longer', async () => {
    await using upstream = await startUpstream()
    await using front = await startFront({ routes: [route({ target: upstream.url })] })
    const wire = await openWire(front.port)
    wire.write(post(100_000).replace('session=t1', 'session=none'))
    await wire.until(/^HTTP\/1\.1 401 /)
    const startedAt = performance.now()
    const drip = setInterval(() => wire.write('x'), 20)
    await wire.closed()
    clearInterval(drip)
    expect(performance.now() - startedAt).toBeGreaterThan(4000)
    expect(performance.now() - startedAt).toBeLessThan(8000)
  })

  it('that is refused has no flood read away', async () => {
    await using upstream = await startUpstream()
    await using front = await startFront({ routes: [route({ target: upstream.url })] })
    const wire = await openWire(front.port)
    wire.write(post(900_000_000).replace('session=t1', 'session=none'))
    flood(wire.socket)
    await wire.closed()
    expect(wire.socket.bytesWritten - wire.socket.writableLength).toBeLessThan(boundedBytes)
    expect(upstream.requests).toEqual([])
  })
})
