import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, it } from '@jest/globals'
import { Agent, request } from 'undici'
import { route } from '../proxy/fakes.ts'
import { openWire, startFront } from '../proxy/front.ts'
import { startUpstream } from '../proxy/upstream.ts'

const minutes = Number(process.env['SOAK_MINUTES'] ?? 1)
const body = 'x'.repeat(20_000)

describe('under load for a long time', () => {
  it('shows every broken answer as broken, and leaves no socket behind', async () => {
    await using upstream = await startUpstream()
    let asked = 0
    upstream.answer = (req, res) => {
      asked += 1
      upstream.requests.length = 0
      const breaks = asked % 50 === 0
      // In turn: with a length, in chunks, and until the connection closes.
      const framing = asked % 3
      if (framing === 0) res.setHeader('Content-Length', body.length)
      if (framing === 2) res.useChunkedEncodingByDefault = false
      req.resume()
      if (!breaks) res.end(body)
      else if (asked % 100 === 0) req.socket.resetAndDestroy()
      else res.write(body.slice(0, 100), () => setImmediate(() => req.socket.resetAndDestroy()))
    }
    await using front = await startFront({ routes: [route({ target: upstream.url })] })
    const agent = new Agent({ connections: 32 })
    const seen = { whole: 0, problems: 0, broken: 0, left: 0, truncated: 0 }
    const endsAt = performance.now() + minutes * 60_000
    let calls = 0

    async function call() {
      calls += 1
      if (calls % 50 === 0) {
        const wire = await openWire(front.port)
        wire.write(`GET /api/x HTTP/1.0\r\nCookie: session=t1\r\nSec-Fetch-Site: same-origin\r\n\r\n`)
        await Promise.race([pause(calls % 7), wire.until(/\r\n\r\n/).catch(() => undefined)])
        wire.socket.destroy()
        seen.left += 1
        return
      }
      try {
        const answer = await request(`${front.url}/api/x`, { dispatcher: agent, headers: front.member })
        const text = await answer.body.text()
        if (answer.statusCode === 200 && text === body) seen.whole += 1
        else if (answer.statusCode === 502) seen.problems += 1
        else seen.truncated += 1
      } catch {
        seen.broken += 1
      }
    }

    async function keepCalling() {
      while (performance.now() < endsAt) await call()
    }
    await Promise.all(Array.from({ length: 16 }, keepCalling))
    await agent.close()
    await pause(2000)

    expect(seen.truncated).toBe(0)
    expect(seen.whole).toBeGreaterThan(seen.problems + seen.broken)
    expect(Math.min(seen.problems, seen.broken, seen.left)).toBeGreaterThan(0)
    front.samples.length = 0
    const open = await new Promise<number>((resolve, reject) =>
      front.server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
    )
    expect(open).toBe(0)
  })
})
