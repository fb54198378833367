import { readdirSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Browser, createWorld, type World } from '../../src/testing/world.ts'
import { type HelperProcess, startHelper } from '../proxy/processes/helper-process.ts'
import { inspectable, type Memory, openMemoryOf } from '../proxy/processes/memory-of.ts'
import { signUp } from '../support/house.ts'
import { type ServerProcess, startServer } from '../support/server-process.ts'
import { freshPrefix, redisUrl } from '../support/services.ts'

/** What a socket that does nothing may cost the server, both its ends together: asked is 40 KB, it was 5 when this was written. */
const allowedBytes = 16 * 1024
const steps = [0, 2000, 4000, 8000]

/** The slope of the line that fits the points best, by least squares. */
function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  const meanX = mean(points.map(([x]) => x))
  const meanY = mean(points.map(([, y]) => y))
  const of = (factor: (x: number, y: number) => number) =>
    points.reduce((sum, [x, y]) => sum + factor(x - meanX, y - meanY), 0)
  return of((x, y) => x * y) / of((x) => x * x)
}

describe('8,000 WebSockets that do nothing', () => {
  let world: World
  let server: ServerProcess
  let upstream: HelperProcess
  let client: HelperProcess
  const seen: (Memory & { readonly sockets: number })[] = []

  beforeAll(async () => {
    world = await createWorld({ providers: ['kakao'] })
    upstream = startHelper('idle-upstream.ts')
    const env = { ...world.env, ...inspectable, REDIS_URL: redisUrl(), REDIS_PREFIX: freshPrefix() }
    server = await startServer({ ...env, API_URL: `http://127.0.0.1:${await upstream.nextLine()}` })
    client = await startClient(world.browser())
    const memory = await openMemoryOf(server)
    // Once up and down, so that what the code itself takes is not counted.
    for (const sockets of [500, ...steps]) {
      client.tell(`${sockets}`)
      expect(await client.nextLine()).toBe(String(sockets))
      // Both ends of each: proc(5), one entry for each open file.
      while (sockets > 0 && readdirSync(`/proc/${server.child.pid}/fd`).length < 2 * sockets) await pause(50)
      // Ends that were left for the other side's last words are over by then.
      await pause(sockets === 0 ? 11_000 : 1000)
      const measured = await memory.measure()
      if (sockets !== 500) seen.push({ sockets, ...measured })
    }
    memory.close()
  })
  afterAll(async () => {
    client.stop()
    upstream.stop()
    await server.stop()
    await world.close()
  })

  it.each(['held', 'resident'] as const)('cost at most 16 KB each of %s memory', (figure) => {
    const each = slope(seen.map((one) => [one.sockets, one[figure]]))
    console.info(
      figure,
      seen.map((one) => `${one.sockets}: ${(one[figure] / 1e6).toFixed(1)} MB`).join(', '),
      `${(each / 1024).toFixed(1)} KB each`,
    )
    expect(each).toBeGreaterThan(1024)
    expect(each).toBeLessThan(allowedBytes)
  })

  it('are in nobody else’s way: twenty more end within a second of their session', async () => {
    const browser = world.browser()
    const other = await startClient(browser)
    other.tell('20')
    expect(await other.nextLine()).toBe('20')
    const ended = other.nextLine()
    const startedAt = performance.now()
    await browser.fetch('/auth/logout', { method: 'POST' })
    expect(await ended).toBe('ended 4401')
    expect(performance.now() - startedAt).toBeLessThan(1000)
    other.stop()
    expect(readdirSync(`/proc/${server.child.pid}/fd`).length).toBeGreaterThan(2 * 8000)
  })

  /** The sockets of a new member. */
  async function startClient(browser: Browser): Promise<HelperProcess> {
    await signUp(browser)
    const [ticket] = browser.cookies('session')
    const { PUBLIC_URL = '', PORT = '' } = world.env
    return startHelper('idle-client.ts', PORT, PUBLIC_URL, `${ticket?.name}=${ticket?.value}`)
  }
})
