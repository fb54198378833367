import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createClient } from 'redis'
import { beginLogin, type House, openHouse } from '../support/house.ts'
import { freshPrefix, redisUrl } from '../support/services.ts'

describe.each(['memory', 'Redis'])('the rate limit, counted in %s', (store) => {
  let house: House
  beforeAll(async () => {
    const redis = { REDIS_URL: redisUrl(), REDIS_PREFIX: freshPrefix() }
    house = await openHouse({
      providers: ['kakao'],
      env: { RATE_LIMIT: '5/1m', ...(store === 'Redis' && redis) },
    })
  })
  afterAll(() => house.close())

  it('answers 429 on login, callback and sign-up alike, and the attempt stays usable', async () => {
    const browser = house.browser()
    const { authorize } = await beginLogin(browser, '/auth/login/kakao')
    for (let count = 0; count < 4; count++) await browser.fetch('/auth/signup/availability?nickname=x')
    for (const [path, method] of [
      ['/auth/login/kakao', 'GET'],
      ['/auth/callback/kakao?code=x', 'GET'],
      ['/auth/signup', 'POST'],
    ] as const) {
      const page = await browser.fetch(path, { method })
      expect([path, page.status, page.json<{ code: string }>().code]).toEqual([path, 429, 'rate-limited'])
      expect(Number(page.headers['retry-after'])).toBeGreaterThan(0)
    }
    // What costs nothing and what signs out is not limited.
    expect((await browser.fetch('/auth/session')).status).toBe(200)
    expect((await browser.fetch('/auth/logout', { method: 'POST' })).status).toBe(200)

    house.world.advance(2 * 60_000)
    expect((await browser.goto(authorize.href)).url.pathname).toBe('/signup')
  })
})

describe('the rate limit', () => {
  it.each([
    ['/auth/backchannel-logout/acme', 'POST'],
    ['/auth/webhooks/naver', 'GET'],
    ['/auth/webhooks/naver', 'POST'],
  ])('holds what strangers send to %s by %s', async (path, method) => {
    const house = await openHouse({ providers: ['naver', 'acme'], env: { RATE_LIMIT: '2/1m' } })
    try {
      house.browser()
      const statuses = []
      for (let count = 0; count < 3; count++)
        statuses.push((await fetch(`${house.env['PUBLIC_URL']}${path}`, { method })).status)
      expect(statuses).toEqual([400, 400, 429])
    } finally {
      await house.close()
    }
  })
})

describe('login starts', () => {
  it('cost Redis nothing but the limiter’s one key', async () => {
    const prefix = freshPrefix()
    const redis = await createClient({ url: redisUrl() }).connect()
    const house = await openHouse({
      env: { REDIS_URL: redisUrl(), REDIS_PREFIX: prefix, RATE_LIMIT: '1000/1m' },
    })
    for (let count = 0; count < 50; count++) await beginLogin(house.browser(), '/auth/login/kakao')
    expect(await redis.keys(`${prefix}*`)).toHaveLength(1)
    await house.close()
    redis.destroy()
  })
})
