import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, it } from '@jest/globals'
import { route } from './fakes.ts'
import { openWire, startFront } from './front.ts'
import { asking } from './handshake.ts'
import { startRawUpstream } from './upstream.ts'

const accept = 'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n'
const switching = 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n'

/** A front before an upstream that sends `answer` to everything. */
async function startBefore(answer: string, { timeoutMs = 5000, idleMs = 300_000 } = {}) {
  const upstream = await startRawUpstream((socket) => socket.write(answer, 'latin1'))
  const front = await startFront({ routes: [route({ target: upstream.url, timeoutMs, idleMs })] })
  return {
    front,
    upstream,
    async [Symbol.asyncDispose]() {
      await front[Symbol.asyncDispose]()
      await upstream[Symbol.asyncDispose]()
    },
  }
}

describe('an upgrade to an upstream', () => {
  it.each([
    ['of a status of nothing', 'HTTP/1.1 000 X\r\nContent-Length: 0\r\n\r\n'],
    ['of a status below all', 'HTTP/1.1 099 X\r\nContent-Length: 0\r\n\r\n'],
    ['of a status of four digits', 'HTTP/1.1 1000 X\r\nContent-Length: 0\r\n\r\n'],
    ['that switches to nothing', `HTTP/1.1 101 Switching Protocols\r\n${accept}\r\n`],
    ['that switches to something else', `${switching}Upgrade: h2c\r\n${accept}\r\n`],
    ['that accepts another handshake', `${switching}Upgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n`],
    ['that accepts twice', `${switching}Upgrade: websocket\r\n${accept}${accept}\r\n`],
    [
      'that accepts with a body',
      `${switching}Upgrade: websocket\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n${accept}\r\n`,
    ],
    ['that folds a header', `${switching}Upgrade: websocket\r\nX: a\r\n b\r\n${accept}\r\n`],
    ['with 20 KB of headers', `${switching}Upgrade: websocket\r\nX: ${'x'.repeat(20_000)}\r\n${accept}\r\n`],
  ])('%s is an invalid response', async (_what, answer) => {
    await using before = await startBefore(answer)
    const wire = await openWire(before.front.port)
    wire.write(asking)
    expect(await wire.closed()).toMatch(/^HTTP\/1\.1 502 [\s\S]*"code":"upstream-invalid-response"/)
    expect(before.front.samples).toMatchObject([{ status: 502 }])
  })

  it('that only sends interim answers takes no longer than the route allows', async () => {
    await using before = await startBefore('', { timeoutMs: 300 })
    const wire = await openWire(before.front.port)
    wire.write(asking)
    while (before.upstream.sockets.length === 0) await pause(5)
    const drip = setInterval(() => before.upstream.sockets[0]?.write('HTTP/1.1 103 Early Hints\r\n\r\n'), 20)
    const text = await wire.closed()
    clearInterval(drip)
    expect(text).toMatch(/^HTTP\/1\.1 504 [\s\S]*"code":"upstream-timeout"/)
  })

  describe('that answers otherwise', () => {
    it('is broken off where its answer is reset, not ended', async () => {
      await using before = await startBefore('HTTP/1.0 200 OK\r\n\r\nhalf')
      const wire = await openWire(before.front.port)
      wire.write(asking)
      await wire.until(/half/)
      before.upstream.sockets[0]?.resetAndDestroy()
      expect(await wire.closed()).not.toMatch(/\r\n0\r\n\r\n$/)
    })

    it('ends well where its answer does', async () => {
      await using before = await startBefore('HTTP/1.0 200 OK\r\n\r\nwhole')
      const wire = await openWire(before.front.port)
      wire.write(asking)
      await wire.until(/whole/)
      before.upstream.sockets[0]?.end()
      expect(await wire.closed()).toMatch(/^HTTP\/1\.1 200 [\s\S]*5\r\nwhole\r\n0\r\n\r\n$/)
    })

    it('is broken off where its answer stands still', async () => {
      await using before = await startBefore('HTTP/1.1 403 No\r\nContent-Length: 100\r\n\r\nhalf', {
        idleMs: 100,
      })
      const wire = await openWire(before.front.port)
      wire.write(asking)
      expect(await wire.closed()).toMatch(/^HTTP\/1\.1 403 [\s\S]*half$/)
    })
  })

  it('is none on HTTP/1.0: an ordinary request', async () => {
    await using before = await startBefore('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nplain')
    const wire = await openWire(before.front.port)
    wire.write(asking.replace('HTTP/1.1', 'HTTP/1.0'))
    expect(await wire.closed()).toMatch(/^HTTP\/1\.1 200 [\s\S]*plain$/)
    expect(before.upstream.received).not.toMatch(/upgrade/i)
  })
})
