import { createServer } from 'node:http'
import type { Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { serverOptions } from '../../src/proxy/server-options.ts'
import { route } from './fakes.ts'
import { openWire, startFront, turns, type Wire } from './front.ts'
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

/** A figure, once it grows no more. */
async function untilItStays(figure: () => number): Promise<number> {
  for (let before = -1; before !== figure(); ) {
    before = figure()
    for (let turn = 0; turn < 20; turn += 1) await turns()
  }
  return figure()
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
      routes: [route({ target: upstream.url, timeoutMs: 100, idleMs: 100 })],
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
      routes: [route({ target: upstream.url, timeoutMs: 100, idleMs: 500 })],
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
      routes: [route({ target: upstream.url, timeoutMs: 100, idleMs: 100 })],
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
      routes: [route({ target: upstream.url, timeoutMs: 100, idleMs: 2500 })],
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
      routes: [route({ target: upstream.url, timeoutMs: 800, idleMs: 1500 })],
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

  it('whose small body comes byte by byte is cut, and never has a connection upstream', async () => {
    await using upstream = await startUpstream()
    await using front = await startFront({
      routes: [route({ target: upstream.url, timeoutMs: 200 })],
      pace: { bytes: 60_000, perMs: 300 },
    })
    const wire = await openWire(front.port)
    wire.write(post(1000))
    const drip = setInterval(() => wire.write('x'), 10)
    const answer = await wire.closed()
    clearInterval(drip)
    expect(answer).toMatch(/^HTTP\/1\.1 408 [\s\S]*\r\nConnection: close\r\n[\s\S]*"code":"request-timeout"/)
    expect(upstream.connections).toBe(0)
    expect(front.samples).toMatchObject([{ status: 408, code: 'request-timeout' }])
  })

  it('whose large body comes in drips is cut on both sides', async () => {
    await using upstream = await startUpstream()
    const gone = Promise.withResolvers<void>()
    upstream.answer = (req) => void req.socket.once('close', () => gone.resolve())
    await using front = await startFront({
      routes: [route({ target: upstream.url })],
      pace: { bytes: 60_000, perMs: 300 },
    })
    const wire = await openWire(front.port)
    wire.write(post(1_000_000))
    const drip = setInterval(() => wire.write('x'.repeat(100)), 10)
    const answer = await wire.closed()
    clearInterval(drip)
    expect(answer).toMatch(/^HTTP\/1\.1 408 [\s\S]*"code":"request-timeout"/)
    await gone.promise
  })

  it('whose body comes in drips after the answer has begun is cut without another', async () => {
    await using upstream = await startUpstream()
    upstream.answer = (_req, res) => void res.write('early')
    await using front = await startFront({
      routes: [route({ target: upstream.url })],
      pace: { bytes: 60_000, perMs: 300 },
    })
    const wire = await openWire(front.port)
    wire.write(post(1_000_000))
    const drip = setInterval(() => wire.write('x'), 10)
    const answer = await wire.closed()
    clearInterval(drip)
    expect(answer).toMatch(/^HTTP\/1\.1 200 [\s\S]*early\r\n$/)
  })

  it('whose large body stands still for longer than it may pause is cut on both sides', async () => {
    await using upstream = await startUpstream()
    upstream.answer = () => undefined
    await using front = await startFront({
      routes: [route({ target: upstream.url, timeoutMs: 5000, idleMs: 200 })],
    })
    const wire = await openWire(front.port)
    wire.write(post(1_000_000))
    wire.write('x'.repeat(1000))
    expect(await wire.closed()).toMatch(/^HTTP\/1\.1 408 /)
    expect(upstream.requests.map(({ body }) => body.length)).toEqual([1000])
    expect(front.samples).toMatchObject([{ status: 408, code: 'request-timeout' }])
  })

  it('whose body pauses for longer than its upstream may take is carried', async () => {
    await using upstream = await startUpstream()
    await using front = await startFront({ routes: [route({ target: upstream.url, timeoutMs: 300 })] })
    for (const length of [1000, 20_000]) {
      const wire = await openWire(front.port)
      wire.write(post(length))
      wire.write('x'.repeat(length - 1))
      await pause(700)
      wire.write('x')
      await wire.until(/^HTTP\/1\.1 200 /)
      wire.socket.destroy()
    }
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

  it('to an upstream that reads late is not taken for a slow one', async () => {
    await using upstream = await startRawUpstream((socket) => {
      if (socket.bytesRead > 1_000_000) return
      socket.pause()
      setTimeout(() => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
        socket.resume()
      }, 1000)
    })
    await using front = await startFront({
      routes: [route({ target: upstream.url })],
      pace: { bytes: 60_000, perMs: 300 },
    })
    const wire = await openWire(front.port)
    wire.write(post(900_000_000))
    flood(wire.socket)
    await wire.until(/^HTTP\/1\.1 200 /)
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

  describe('by the clock', () => {
    beforeEach(() => {
      jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'performance', 'Date'] })
    })
    afterEach(() => void jest.useRealTimers())

    const refused = (length: number) => post(length).replace('session=t1', 'session=none')

    /** The time that passes while the body brings a byte now and then. */
    async function drip(wire: Wire, ms: number, every: number): Promise<void> {
      for (let passed = 0; passed < ms; passed += every) {
        jest.advanceTimersByTime(Math.min(every, ms - passed))
        await turns()
        if (wire.socket.writable) wire.write('x')
        await turns()
      }
    }

    it('is cut after a minute that brings less than 60 KB, and not before', async () => {
      await using upstream = await startUpstream()
      await using front = await startFront({ routes: [route({ target: upstream.url })] })
      const wire = await openWire(front.port)
      wire.write(post(1_000_000))
      await turns()
      await drip(wire, 59_000, 1000)
      expect(wire.text).toBe('')
      await drip(wire, 12_000, 1000)
      expect(await wire.closed()).toMatch(/^HTTP\/1\.1 408 /)
    })

    it('that brings 60 KB a minute is waited for', async () => {
      await using upstream = await startUpstream()
      await using front = await startFront({ routes: [route({ target: upstream.url })] })
      const wire = await openWire(front.port)
      wire.write(post(320_000))
      for (let sent = 0; sent < 320_000; sent += 16_000) {
        wire.write('x'.repeat(16_000))
        await turns()
        jest.advanceTimersByTime(12_000)
      }
      expect(await wire.until(/\r\n\r\n/)).toMatch(/^HTTP\/1\.1 200 /)
      wire.socket.destroy()
    })

    it('that is refused has its body read away for thirty seconds, not longer', async () => {
      await using upstream = await startUpstream()
      await using front = await startFront({ routes: [route({ target: upstream.url })] })
      const wire = await openWire(front.port)
      wire.write(refused(100_000))
      await wire.until(/^HTTP\/1\.1 401 [\s\S]*\r\nConnection: close\r\n/)
      await drip(wire, 29_000, 1000)
      expect(wire.socket.closed).toBe(false)
      await drip(wire, 1000, 1000)
      await wire.closed()
      expect(upstream.requests).toEqual([])
    })

    it('that is refused and brings nothing more for five seconds is closed', async () => {
      await using front = await startFront({ routes: [route({ target: 'http://127.0.0.1:1' })] })
      const wire = await openWire(front.port)
      wire.write(refused(100_000))
      await wire.until(/^HTTP\/1\.1 401 /)
      jest.advanceTimersByTime(4900)
      await turns()
      expect(wire.socket.closed).toBe(false)
      jest.advanceTimersByTime(100)
      await wire.closed()
    })

    it('that is refused has a flood read away at a bounded pace', async () => {
      await using front = await startFront({ routes: [route({ target: 'http://127.0.0.1:1' })] })
      const wires = await Promise.all([openWire(front.port), openWire(front.port)])
      for (const wire of wires) {
        wire.write(refused(900_000_000))
        flood(wire.socket)
      }
      const taken = () =>
        wires.reduce((sum, { socket }) => sum + socket.bytesWritten - socket.writableLength, 0)
      const first = await untilItStays(taken)
      expect(first).toBeLessThan(boundedBytes)
      jest.advanceTimersByTime(100)
      const second = await untilItStays(taken)
      expect(second).toBeGreaterThan(first)
      expect(second - first).toBeLessThan(boundedBytes)
      for (const { socket } of wires) socket.destroy()
      await turns()
    })

    it('that is refused beside two hundred others is closed with its answer', async () => {
      await using front = await startFront({ routes: [route({ target: 'http://127.0.0.1:1' })] })
      const wires: Wire[] = []
      for (let count = 0; count < 201; count += 1) {
        const wire = await openWire(front.port)
        wires.push(wire)
        wire.write(refused(100_000))
        await wire.until(/^HTTP\/1\.1 401 [\s\S]*\}$/)
      }
      await wires.at(-1)?.closed()
      expect(wires.filter(({ socket }) => !socket.closed)).toHaveLength(200)
      for (const { socket } of wires) socket.destroy()
      await turns()
    })
  })

  it('that is refused while it uploads gets to read the answer, and is read to the end', async () => {
    await using upstream = await startUpstream()
    await using front = await startFront({
      routes: [route({ target: upstream.url, maxBodyBytes: 1_000_000 })],
    })
    const body = Buffer.alloc(30_000_000, 120)
    for (const [session, status] of [
      ['none', 401],
      ['t1', 413],
    ] as const) {
      const wire = await openWire(front.port)
      wire.write(post(body.length).replace('session=t1', `session=${session}`))
      wire.socket.write(body)
      const answer = await wire.closed()
      expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} [\\s\\S]*\r\nConnection: close\r\n`))
      expect([wire.ending, wire.socket.bytesWritten - wire.socket.writableLength]).toEqual([
        'end',
        expect.any(Number),
      ])
      expect(wire.socket.bytesWritten).toBeGreaterThan(body.length)
    }
    expect(upstream.requests).toEqual([])
  })

  it('that is refused with a short body keeps its connection', async () => {
    await using front = await startFront({ routes: [route({ target: 'http://127.0.0.1:1' })] })
    const wire = await openWire(front.port)
    wire.write(`${post(5).replace('session=t1', 'session=none')}hello`)
    await wire.until(/^HTTP\/1\.1 401 (?![\s\S]*Connection: close)[\s\S]*\}$/)
    wire.write('GET /elsewhere HTTP/1.1\r\nHost: app.example\r\n\r\n')
    await wire.until(/not ours$/)
    wire.socket.destroy()
  })
})
