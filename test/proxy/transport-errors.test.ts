import { describe, expect, it } from '@jest/globals'
import request from 'supertest'
import { route } from './fakes.ts'
import { openWire, startFront } from './front.ts'
import { asking } from './handshake.ts'
import { startRawUpstream, startUpstream } from './upstream.ts'

const broken = () => {
  throw new Error('a fault of ours')
}

describe('an error thrown in the transport', () => {
  it.each([
    ['a call', 'get', 0],
    ['a call with a small body', 'post', 10],
    ['a call with a large body', 'post', 100_000],
  ] as const)('is the answer to %s, with and without a rewrite', async (_what, method, size) => {
    await using upstream = await startUpstream()
    for (const stripPrefix of [false, true]) {
      await using front = await startFront({
        routes: [route({ target: upstream.url, stripPrefix })],
        trace: broken,
      })
      const asked = request(front.url)[method]('/api/x').set(front.member)
      const { status, body } = await (size > 0 ? asked.send('x'.repeat(size)) : asked)
      expect([status, body.code]).toEqual([500, 'internal-error'])
      expect(front.logged).toEqual(['proxy.failed'])
    }
    expect(upstream.requests).toEqual([])
  })

  it('is the answer to a call that goes up once more', async () => {
    await using upstream = await startRawUpstream((socket) => void socket.end())
    let tries = 0
    await using front = await startFront({
      routes: [route({ target: upstream.url })],
      trace: () => {
        tries += 1
        return tries > 1 ? broken() : undefined
      },
    })
    const { status, body } = await request(front.url).get('/api/x').set(front.member)
    expect([tries, status, body.code]).toEqual([2, 500, 'internal-error'])
  })

  it('is the answer to an upgrade, with and without a rewrite', async () => {
    await using upstream = await startUpstream()
    for (const stripPrefix of [false, true]) {
      await using front = await startFront({
        routes: [route({ target: upstream.url, stripPrefix })],
        trace: broken,
      })
      const wire = await openWire(front.port)
      wire.write(asking)
      expect(await wire.closed()).toMatch(/^HTTP\/1\.1 500 [\s\S]*"code":"internal-error"/)
    }
  })
})
