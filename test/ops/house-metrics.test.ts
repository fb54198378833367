import { once } from 'node:events'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from '@jest/globals'
import { createClient } from 'redis'
import { WebSocket } from 'ws'
import { faults } from '../../src/testing/world.ts'
import { sessionOf, signUp } from '../support/house.ts'
import { startRedis } from '../support/redis-server.ts'
import { freshPrefix, redisUrl } from '../support/services.ts'
import { type HeldRedis, startHeldRedis } from './held-redis.ts'
import { type ObservedHouse, openObservedHouse, ticketOf } from './observed-house.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function open(env: Readonly<Record<string, string>> = {}): Promise<ObservedHouse> {
  const house = await openObservedHouse({ env })
  closers.push(house.close)
  return house
}

/** Asks `condition` again and again, for a second at most. */
async function soon(condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 1_000
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error('not within a second')
    await sleep(10)
  }
}

describe('open connections', () => {
  it('are counted by kind while they last', async () => {
    const { scrape, browser, env } = await open()
    const member = browser()
    await signUp(member)
    const headers = { cookie: ticketOf(member) }
    const origin = env['PUBLIC_URL'] as string
    const at = `127.0.0.1:${env['PORT']}`
    const socket = new WebSocket(`ws://${at}/api/room`, {
      headers: { ...headers, origin, host: new URL(origin).host },
    })
    await once(socket, 'open')
    const leaving = new AbortController()
    const stream = await fetch(`${origin}/api/stream`, {
      headers: { ...headers, 'sec-fetch-site': 'same-origin' },
      signal: leaving.signal,
    })
    expect(stream.status).toBe(200)
    const during = await scrape()
    expect(during.of('coatcheck_connections{kind="websocket"}')).toBe(1)
    expect(during.of('coatcheck_connections{kind="event-stream"}')).toBe(1)
    socket.terminate()
    leaving.abort()
    await soon(async () => /coatcheck_connections\{kind="websocket"\} 0/.test((await scrape()).text))
    await soon(async () => /coatcheck_connections\{kind="event-stream"\} 0/.test((await scrape()).text))
  })
})

describe('stores', () => {
  it('have their answers timed', async () => {
    const { scrape, browser } = await open({ REDIS_URL: redisUrl(), REDIS_PREFIX: freshPrefix() })
    const before = await scrape()
    await signUp(browser())
    const after = await scrape()
    for (const store of ['redis', 'database']) {
      const series = `coatcheck_store_seconds_count{store="${store}"}`
      expect(after.of(series)).toBeGreaterThan(before.of(series))
      expect(after.of(`coatcheck_store_seconds_sum{store="${store}"}`)).toBeGreaterThan(0)
      expect(after.of(`coatcheck_store_errors_total{store="${store}"}`)).toBe(0)
    }
  })

  it('that do not answer are errors: Redis', async () => {
    const redis = await startRedis()
    closers.push(redis.stop)
    const { scrape, browser } = await open({ REDIS_URL: redis.url })
    const member = browser()
    await signUp(member)
    const cookie = ticketOf(member)
    await redis.kill()
    expect((await browser().fetch('/auth/session', { headers: { cookie } })).status).toBe(503)
    expect((await scrape()).of('coatcheck_store_errors_total{store="redis"}')).toBeGreaterThan(0)
  })

  it('that do not answer are errors: the database', async () => {
    const { scrape, browser, env } = await open()
    const locked = new DatabaseSync((env['DATABASE_URL'] as string).replace('sqlite:', ''))
    locked.exec('BEGIN IMMEDIATE')
    try {
      await expect(signUp(browser())).rejects.toThrow('503')
    } finally {
      locked.exec('ROLLBACK')
      locked.close()
    }
    const { of } = await scrape()
    expect(of('coatcheck_store_errors_total{store="database"}')).toBe(1)
    // The wait is part of the time.
    expect(of('coatcheck_store_seconds_sum{store="database"}')).toBeGreaterThan(0.5)
  })

  it('that say no have answered', async () => {
    const { scrape, browser, world } = await open()
    await signUp(browser(), 'kakao', 'Haneul')
    world.provider('kakao').as('newcomer')
    await expect(signUp(browser(), 'kakao', 'Haneul')).rejects.toThrow('409')
    expect((await scrape()).of('coatcheck_store_errors_total{store="database"}')).toBe(0)
  })
})

describe('sessions', () => {
  it('are counted when they begin, by state, and when they end, by reason', async () => {
    const { scrape, browser } = await open()
    const member = browser()
    await signUp(member)
    await member.fetch('/auth/logout', { method: 'POST' })
    const figures = await scrape()
    expect(figures.of('coatcheck_sessions_started_total{state="registering"}')).toBe(1)
    expect(figures.of('coatcheck_sessions_started_total{state="member"}')).toBe(1)
    expect(figures.of('coatcheck_sessions_ended_total{reason="replaced"}')).toBe(1)
    expect(figures.of('coatcheck_sessions_ended_total{reason="signed-out"}')).toBe(1)
  })

  it('that a process has in memory are counted by state, with what they answered and how stale that was', async () => {
    const { scrape, browser } = await open({ REDIS_URL: redisUrl(), REDIS_PREFIX: freshPrefix() })
    const member = browser()
    await signUp(member)
    await member.fetch('/api/notes')
    const before = await scrape()
    expect(before.of('coatcheck_session_copies{state="member"}')).toBe(1)
    await sleep(100)
    for (let call = 0; call < 5; call += 1) await member.fetch('/api/notes')
    const after = await scrape()
    const series = 'coatcheck_session_reads_total{from="memory"}'
    expect(after.of(series) - before.of(series)).toBeGreaterThanOrEqual(5)
    expect(after.of('coatcheck_session_reads_total{from="store"}')).toBe(
      before.of('coatcheck_session_reads_total{from="store"}'),
    )
    const stale = after.of('coatcheck_session_staleness_seconds')
    expect(stale).toBeGreaterThan(0)
    expect(stale).toBeLessThan(2.5)
    expect((await scrape()).of('coatcheck_session_staleness_seconds')).toBeLessThanOrEqual(stale)
  })

  it('are never stale in the memory of the only process', async () => {
    const { scrape, browser } = await open()
    const member = browser()
    await signUp(member)
    await member.fetch('/api/notes')
    await sleep(20)
    await member.fetch('/api/notes')
    const figures = await scrape()
    expect(figures.of('coatcheck_session_reads_total{from="memory"}')).toBeGreaterThan(0)
    expect(figures.of('coatcheck_session_staleness_seconds')).toBe(0)
  })

  it('whose cookie is forged, or whose record is damaged, are counted as such', async () => {
    const prefix = freshPrefix()
    const { scrape, browser } = await open({ REDIS_URL: redisUrl(), REDIS_PREFIX: prefix })
    const forged =
      'session=s%3AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'
    await browser().fetch('/api/notes', { headers: { cookie: forged } })
    const member = browser()
    await signUp(member)
    const { sessionId } = (await sessionOf(member)) as { sessionId: string }
    const redis = await plainClient()
    await redis.set(`${prefix}session:${sessionId}`, '1:1:AAAA')
    await soon(async () => (await member.fetch('/api/notes')).status === 401)
    const { text, of } = await scrape()
    expect(text).toMatch(/coatcheck_session_cookies_refused_total\{why="(malformed|signature)"\} 1\n/)
    expect(of('coatcheck_session_records_unreadable_total')).toBe(1)
  })

  describe('with a write that is on its way to Redis', () => {
    interface Overtaken extends ObservedHouse {
      readonly wire: HeldRedis
      readonly key: string
    }

    /** A member whose new token is being written, and has not arrived. */
    async function renewing(): Promise<Overtaken> {
      const wire = await startHeldRedis(redisUrl())
      closers.push(wire.close)
      const prefix = freshPrefix()
      const house = await open({ REDIS_URL: wire.url, REDIS_PREFIX: prefix })
      const member = house.browser()
      await signUp(member)
      const { sessionId } = (await sessionOf(member)) as { sessionId: string }
      await member.fetch('/api/notes')
      const key = `${prefix}session:${sessionId}`
      // A write of its content names the revision that it replaces; a slide does not.
      const arrived = wire.hold(`${key}\r\n$1\r\n1\r\n`)
      house.world.advance(245_000)
      await member.fetch('/api/notes')
      await arrived
      return { ...house, wire, key }
    }

    it('count the write as refused when the session has ended meanwhile', async () => {
      const { wire, key, scrape } = await renewing()
      const redis = await plainClient()
      await redis.set(key, `ended:signed-out:${Date.now()}`)
      wire.release()
      await soon(async () => (await scrape()).of('coatcheck_session_writes_refused_total') === 1)
      expect(await redis.get(key)).toMatch(/^ended:/)
    })

    it('count a conflict when another instance was quicker', async () => {
      const { wire, key, scrape } = await renewing()
      const redis = await plainClient()
      await redis.set(key, String(await redis.get(key)).replace(/^1:/, '2:'))
      wire.release()
      await soon(async () => (await scrape()).of('coatcheck_session_write_conflicts_total') === 1)
    })
  })

  async function plainClient() {
    const client = createClient({ url: redisUrl() })
    await client.connect()
    closers.push(() => client.destroy())
    return client
  }
})

describe('token renewals', () => {
  const hours = 3_600_000

  it('are counted by outcome, with the wait for the lease', async () => {
    const { scrape, browser, world } = await open({ API_TOKEN: 'provider' })
    const member = browser()
    await signUp(member)
    world.advance(7 * hours)
    expect((await member.fetch('/api/notes')).status).toBe(200)
    const renewed = await scrape()
    expect(renewed.of('coatcheck_token_renewals_total{kind="provider",outcome="renewed"}')).toBe(1)
    expect(renewed.of('coatcheck_token_lease_wait_seconds_count{kind="provider"}')).toBe(1)

    world.advance(7 * hours)
    world.provider('kakao').fail('token', faults.answer(503))
    expect((await member.fetch('/api/notes')).status).toBe(503)
    expect((await scrape()).of('coatcheck_token_renewals_total{kind="provider",outcome="failed"}')).toBe(1)

    world.advance(60_000)
    world.provider('kakao').fail('token', faults.answer(400, { error: 'invalid_grant' }))
    expect((await member.fetch('/api/notes')).status).toBe(401)
    const dead = await scrape()
    expect(dead.of('coatcheck_token_renewals_total{kind="provider",outcome="dead"}')).toBe(1)
    expect(dead.of('coatcheck_sessions_ended_total{reason="provider-grant-ended"}')).toBe(1)
  })
})

describe('a lease that Redis does not give', () => {
  it('is a failed renewal, and an error of Redis', async () => {
    const wire = await startHeldRedis(redisUrl())
    closers.push(wire.close)
    const house = { REDIS_URL: wire.url, REDIS_PREFIX: freshPrefix(), API_TOKEN: 'provider' }
    const { scrape, browser, world } = await open(house)
    const member = browser()
    await signUp(member)
    const arrived = wire.hold('lease:provider')
    world.advance(7 * 3_600_000)
    expect((await member.fetch('/api/notes')).status).toBe(503)
    await arrived
    const { of } = await scrape()
    expect(of('coatcheck_token_renewals_total{kind="provider",outcome="failed"}')).toBe(1)
    expect(of('coatcheck_store_errors_total{store="redis"}')).toBeGreaterThan(0)
  })
})

describe('the time of a call', () => {
  it('is the upstream’s from going up to the head of the answer; its body is nobody’s', async () => {
    const { scrape, browser } = await open()
    const member = browser()
    await signUp(member)
    expect((await member.fetch('/api/slow')).text).toBe('{"from":"api"}')
    const { of } = await scrape()
    const upstream = of('coatcheck_proxy_upstream_seconds_sum{route="/api"}')
    expect(upstream).toBeGreaterThan(0.19)
    expect(upstream).toBeLessThan(0.39)
    expect(of('coatcheck_proxy_own_seconds_sum{route="/api"}')).toBeLessThan(0.15)
  })

  it('is ours while a token is being renewed, and the upstream’s not at all when it is not asked', async () => {
    const { scrape, browser, world } = await open({ API_TOKEN: 'provider' })
    const member = browser()
    await signUp(member)
    world.advance(7 * 3_600_000)
    world.provider('kakao').fail('token', async (res) => {
      await sleep(300)
      res.writeHead(503).end()
    })
    expect((await member.fetch('/api/notes')).status).toBe(503)
    const { of } = await scrape()
    expect(of('coatcheck_proxy_own_seconds_sum{route="/api"}')).toBeGreaterThan(0.29)
    expect(of('coatcheck_proxy_upstream_seconds_count{route="/api"}')).toBe(0)
  })
})

describe('calls that coatcheck answers itself', () => {
  it('are counted by problem', async () => {
    const { scrape, browser } = await open()
    await browser().fetch('/api/notes')
    const { of } = await scrape()
    expect(of('coatcheck_proxy_problems_total{route="/api",code="session-required"}')).toBe(1)
    expect(of('coatcheck_proxy_requests_total{route="/api",status="4xx"}')).toBe(1)
  })
})
