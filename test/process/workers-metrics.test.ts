import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createWorld, type World } from '../../src/testing/world.ts'
import { type Figures, figuresIn } from '../ops/observed-house.ts'
import { signUp } from '../support/house.ts'
import { freePort } from '../support/ports.ts'
import { type ServerProcess, startServer } from '../support/server-process.ts'
import { freshDatabase, freshPrefix, redisUrl } from '../support/services.ts'

describe('a scrape of three workers', () => {
  let world: World
  let server: ServerProcess
  let opsPort: number
  beforeAll(async () => {
    world = await createWorld({ providers: ['kakao'] })
    opsPort = await freePort()
    server = await startServer({
      ...world.env,
      REDIS_URL: redisUrl(),
      REDIS_PREFIX: freshPrefix(),
      DATABASE_URL: await freshDatabase(),
      WORKERS: '3',
      OPS_PORT: String(opsPort),
    })
    await eventually(async () => (await scrape()).of('coatcheck_processes') === 3)
  })
  afterAll(async () => {
    await server.stop('SIGKILL')
    await world.close()
  })

  /** A new connection each time, so that any of the workers may take it. */
  async function scrape(): Promise<Figures> {
    const response = await fetch(`http://127.0.0.1:${opsPort}/metrics`, {
      headers: { connection: 'close' },
      signal: AbortSignal.timeout(2_500),
    })
    expect(response.status).toBe(200)
    return figuresIn(await response.text())
  }

  async function eventually(condition: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + 15_000
    while (!(await condition().catch(() => false))) {
      if (performance.now() > deadline) throw new Error('not within 15 s')
      await sleep(50)
    }
  }

  function workers(): readonly number[] {
    const { pid } = server.child
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number)
  }

  const begun = (figures: Figures) => figures.of('coatcheck_sessions_started_total{state="member"}')
  const ended = (figures: Figures) => figures.of('coatcheck_sessions_ended_total{reason="signed-out"}')

  it('is the sum of what each has done, whichever answers', async () => {
    for (let person = 0; person < 6; person += 1) {
      const browser = world.browser()
      await signUp(browser)
      await browser.fetch('/auth/logout', { method: 'POST' })
    }
    const scrapes = await Promise.all(Array.from({ length: 9 }, scrape))
    expect(scrapes.map((one) => [begun(one), ended(one)])).toEqual(Array(9).fill([6, 6]))
    const [one] = scrapes as [Figures]
    expect(one.of('coatcheck_store_seconds_bucket{le="+Inf",store="redis"}')).toBe(
      one.of('coatcheck_store_seconds_count{store="redis"}'),
    )
    // Not a sum: the worst of them.
    expect(one.of('coatcheck_event_loop_delay_seconds{quantile="0.5"}')).toBeLessThan(1)
  })

  it('does not wait for a worker that hangs, and keeps what that had counted', async () => {
    const [hanging] = workers() as [number]
    process.kill(hanging, 'SIGSTOP')
    try {
      let figures: Figures | undefined
      await eventually(async () => {
        figures = await scrape()
        return figures.of('coatcheck_processes') === 2
      })
      expect(begun(figures as Figures)).toBe(6)
    } finally {
      process.kill(hanging, 'SIGCONT')
    }
    await eventually(async () => (await scrape()).of('coatcheck_processes') === 3)
    expect(begun(await scrape())).toBe(6)
  })

  it('keeps what a worker had counted that has crashed', async () => {
    const [crashing] = workers() as [number]
    process.kill(crashing, 'SIGKILL')
    await eventually(async () => !workers().includes(crashing))
    expect(begun(await scrape())).toBe(6)
    await eventually(async () => (await scrape()).of('coatcheck_processes') === 3)
    expect(begun(await scrape())).toBe(6)
  })
})

describe('a worker that cannot report its metrics', () => {
  it('goes on serving', async () => {
    const module = new URL('../../src/cli/worker-metrics.ts', import.meta.url).href
    const program = `
      const { reportMetrics } = await import('${module}')
      reportMetrics(() => Promise.reject(new Error('broken')))
      process.on('message', () => setTimeout(() => process.send('still here'), 50))
      process.send('ready')`
    const worker = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    await once(worker, 'message')
    worker.send({ coatcheck: 'report-wanted', round: 1 })
    const [said] = await Promise.race([once(worker, 'message'), once(worker, 'exit')])
    worker.kill()
    expect(said).toBe('still here')
  })
})
