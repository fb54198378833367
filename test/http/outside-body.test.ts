import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createBodyPace } from '../../src/http/body-pace.ts'
import { createBodyGuard } from '../../src/http/outside-body.ts'
import { openWire, turns, type Wire } from '../proxy/front.ts'
import { type House, openHouse } from '../support/house.ts'

let house: House
beforeAll(async () => {
  house = await openHouse()
  house.browser()
})
afterAll(() => house.close())

async function send(line: string, ...headers: string[]): Promise<Wire> {
  const { host, port } = new URL(house.env['PUBLIC_URL'] as string)
  const wire = await openWire(Number(port))
  wire.write([`${line} HTTP/1.1`, `Host: ${host}`, 'X-CSRF: 1', ...headers, '', ''].join('\r\n'))
  return wire
}

/** A chunk of 64 KB, as it is on the wire. */
const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`

describe('a body outside the API routes', () => {
  it.each(['POST /nowhere', 'POST /auth/logout', 'PUT /'])(
    'that says it is larger than 1 MB is refused at once: %s',
    async (line) => {
      const wire = await send(line, 'Content-Length: 2000000')
      await wire.until(/^HTTP\/1\.1 413 [\s\S]*\r\nConnection: close\r\n[\s\S]*"code":"payload-too-large"/)
      wire.socket.destroy()
    },
  )

  it.each(['POST /nowhere', 'POST /auth/logout', 'POST /auth/signup', 'POST /auth/webhooks/kakao'])(
    'that never ends is not read beyond 1 MB: %s',
    async (line) => {
      const wire = await send(line, 'Content-Type: application/json', 'Transfer-Encoding: chunked')
      let sent = 0
      const go = () => {
        while (wire.socket.writable && sent < 100_000_000) {
          sent += chunk.length
          if (!wire.socket.write(chunk)) return
        }
      }
      wire.socket.on('drain', go)
      go()
      await wire.closed()
      // What the kernel holds for both sides comes on top.
      expect(sent).toBeLessThan(30_000_000)
    },
  )

  it('that is still coming when its request is refused gets the answer at once, and is read away', async () => {
    const wire = await send('POST /nowhere', 'Content-Length: 900000')
    await wire.until(/^HTTP\/1\.1 404 [\s\S]*\r\nConnection: close\r\n/)
    wire.write('x'.repeat(500_000))
    await turns()
    expect(wire.socket.closed).toBe(false)
    wire.write('x'.repeat(400_000))
    await wire.closed()
    expect(wire.ending).toBe('end')
  })

  it('that is short keeps the connection', async () => {
    const wire = await send('POST /nowhere', 'Content-Length: 5')
    wire.write('hello')
    await wire.until(/\}$/)
    wire.write(`GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n`)
    await wire.until(/HTTP\/1\.1 200 /)
    wire.socket.destroy()
  })

  it('that comes in drips is cut, with an answer if there was none yet', async () => {
    const guard = createBodyGuard(createBodyPace({ bytes: 60_000, perMs: 300 }))
    const server = createServer((req, res) =>
      guard(req, res, () => {
        if (req.url === '/answers') res.write('early')
      }),
    )
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as AddressInfo
    for (const [url, answer] of [
      ['/waits', /^HTTP\/1\.1 408 [\s\S]*\r\nConnection: close\r\n[\s\S]*"code":"request-timeout"/],
      ['/answers', /^HTTP\/1\.1 200 [\s\S]*early\r\n$/],
    ] as const) {
      const wire = await openWire(port)
      wire.write(`POST ${url} HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n\r\n`)
      const drip = setInterval(() => wire.write('x'), 10)
      expect(await wire.closed()).toMatch(answer)
      clearInterval(drip)
    }
    server.close()
  })
})
