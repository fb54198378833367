import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Browser } from '../../src/testing/world.ts'
import { beginLogin, type House, openHouse, sessionOf, signUp } from '../support/house.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'

let redis: RedisServer
let house: House
let member: Browser
beforeAll(async () => {
  redis = await startRedis()
  house = await openHouse({
    providers: ['kakao', 'google'],
    env: { REDIS_URL: redis.url, RATE_LIMIT: '1000/1m' },
  })
  member = house.browser()
  await signUp(member)
})
afterAll(async () => {
  await house.close()
  await redis.stop()
})

const codeOf = (page: { json<T>(): T }) => page.json<{ code: string }>().code

describe('while Redis is down', () => {
  let begun: URL
  beforeAll(async () => {
    begun = (await beginLogin(house.browser(), '/auth/login/google')).authorize
    await redis.kill()
  })

  it('a member is told to wait, never that they are signed out, and keeps the cookie', async () => {
    for (const path of ['/auth/session', '/api/x', '/auth/sessions']) {
      const page = await member.fetch(path)
      expect([path, page.status, codeOf(page)]).toEqual([path, 503, 'session-store-unavailable'])
      expect(page.headers['retry-after']).toMatch(/^\d+$/)
      expect(page.headers['set-cookie']).toBeUndefined()
    }
    expect(member.cookies('session')).toHaveLength(1)
  })

  it('a stranger is anonymous, and may look at the login page’s data', async () => {
    expect(await sessionOf(house.browser())).toEqual({ state: 'anonymous' })
    expect((await house.browser().fetch('/auth/providers')).status).toBe(200)
    expect((await house.browser().fetch('/api/x')).status).toBe(401)
  })

  it('a login can begin; its callback leads to the login page as temporarily-unavailable', async () => {
    const browser = house.browser()
    const page = await browser.goto('/auth/login/google?returnTo=/kept')
    expect(page.url.pathname + page.url.search).toBe(
      '/login?error=temporarily-unavailable&provider=google&returnTo=%2Fkept',
    )
    expect(begun.pathname).toBeTruthy()
    expect(browser.cookies('session')).toEqual([])
  })

  it('a member who begins a login is shown the login page, not a problem document', async () => {
    const page = await member.goto('/auth/login/google')
    expect(page.url.pathname + page.url.search).toBe('/login?error=temporarily-unavailable&provider=google')
  })

  it('readiness is red and liveness green', async () => {
    expect((await house.browser().fetch('/readyz')).status).toBe(503)
    expect((await house.browser().fetch('/healthz')).status).toBe(200)
  })

  it('and when it is back, new logins work without a restart', async () => {
    await redis.start()
    const deadline = Date.now() + 10_000
    let page = await house.browser().fetch('/readyz')
    while (page.status !== 200 && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 100))
      page = await house.browser().fetch('/readyz')
    }
    expect(page.status).toBe(200)
    const browser = house.browser()
    expect((await browser.goto('/auth/login/kakao')).url.pathname).toBe('/signup')
  })
})
