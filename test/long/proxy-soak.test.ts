import { readdirSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createWorld, type World } from '../../src/testing/world.ts'
import { type HelperProcess, startHelper } from '../proxy/processes/helper-process.ts'
import { inspectable, type MemoryMeter, openMemoryOf } from '../proxy/processes/memory-of.ts'
import { type Seen, startSoak } from '../proxy/processes/soak-client.ts'
import { signUp } from '../support/house.ts'
import { type ServerProcess, startServer } from '../support/server-process.ts'
import { freshPrefix, redisUrl } from '../support/services.ts'

/** `SOAK_SECONDS=600` for a figure to write down. */
const seconds = Number(process.env['SOAK_SECONDS'] ?? 20)
/** In so many parts; what the first takes is the size that the work needs. */
const parts = 6

interface Point {
  readonly atSeconds: number
  readonly heldMb: number
  readonly residentMb: number
}

describe(`under half load for ${seconds} seconds, with clients that leave and an upstream that resets`, () => {
  let world: World
  let upstream: HelperProcess
  let server: ServerProcess
  let memory: MemoryMeter
  let seen: Seen
  const points: Point[] = []
  const files = { before: 0, after: 0 }
  const sockets = { before: 0, after: 0 }

  const openFiles = () => readdirSync(`/proc/${server.child.pid}/fd`).length
  /** The server's own count: a socket that nobody closed would be among them. */
  const openSockets = async () =>
    Number(
      await memory.evaluate(
        'String(process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length)',
      ),
    )

  beforeAll(
    async () => {
      world = await createWorld({ providers: ['kakao'] })
      upstream = startHelper('flaky-upstream.ts')
      server = await startServer({
        ...world.env,
        ...inspectable,
        REDIS_URL: redisUrl(),
        REDIS_PREFIX: freshPrefix(),
        API_ROUTES: JSON.stringify([
          { path: '/api', target: `http://127.0.0.1:${await upstream.nextLine()}`, timeout: '1s' },
        ]),
      })
      const browser = world.browser()
      await signUp(browser)
      const [ticket] = browser.cookies('session')
      memory = await openMemoryOf(server)
      await untilQuiet()
      files.before = openFiles()
      sockets.before = await openSockets()

      const soak = startSoak({
        port: Number(world.env['PORT']),
        path: '/api/x',
        silentPath: '/api/never',
        headers: {
          host: new URL(world.env['PUBLIC_URL'] as string).host,
          cookie: `${ticket?.name}=${ticket?.value}`,
          'sec-fetch-site': 'same-origin',
        },
        body: 'x'.repeat(20_000),
        callers: 16,
      })
      seen = soak.seen
      for (let part = 1; part <= parts; part += 1) {
        await pause((seconds * 1000) / parts)
        const { held, resident } = await memory.measure()
        points.push({ atSeconds: (seconds * part) / parts, heldMb: held / 1e6, residentMb: resident / 1e6 })
      }
      await soak.stop()
      await untilQuiet()
      files.after = openFiles()
      sockets.after = await openSockets()
      const rate = (seen.whole + seen.problems + seen.broken + seen.left) / seconds
      console.info(JSON.stringify({ ...seen, rate: Math.round(rate), files, sockets, points }))
    },
    seconds * 1000 + 120_000,
  )
  afterAll(async () => {
    memory.close()
    await server.stop()
    upstream.stop()
    await world.close()
  })

  /** Idle connections to the upstream close by themselves after some seconds. */
  async function untilQuiet(): Promise<void> {
    for (let left = 20; left > 0; left -= 1) {
      upstream.tell('?')
      if ((await upstream.nextLine()) === '0') return
      await pause(1000)
    }
  }

  it('every answer was whole, a 502 or 504, or broken for everybody to see', () => {
    expect(seen.wrong).toEqual([])
    const { whole, problems, broken, left } = seen
    expect(whole).toBeGreaterThan(20 * seconds)
    // Of a hundred calls one is reset before its head, one in its body, two have left.
    const of = (count: number) => count / (whole + problems + broken + left)
    for (const share of [of(problems), of(broken)]) expect(share).toBeGreaterThan(0.003)
    for (const share of [of(problems), of(broken)]) expect(share).toBeLessThan(0.03)
    expect(of(left)).toBeCloseTo(0.02, 2)
  })

  it('no connection is left: not to the upstream, not at the server', async () => {
    upstream.tell('?')
    expect(await upstream.nextLine()).toBe('0')
    expect(files.after).toBeLessThanOrEqual(files.before)
    expect(sockets.after).toBeLessThanOrEqual(sockets.before)
  })

  it('memory does not grow', () => {
    const [first, last] = [points[0], points.at(-1)] as [Point, Point]
    expect(last.heldMb - first.heldMb).toBeLessThan(8)
    expect(last.residentMb - first.residentMb).toBeLessThan(40)
  })
})
