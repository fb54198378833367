import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { createClient } from 'redis'
import { type Coatcheck, createCoatcheck } from '../../src/composition.ts'
import type { Browser } from '../../src/testing/world.ts'
import { askAt } from '../support/ask.ts'
import { beginLogin, callBack, type House, openHouse, sessionOf, signUp } from '../support/house.ts'
import { freshPrefix, redisUrl } from '../support/services.ts'

describe.each(['memory', 'Redis'])('a callback that comes twice, kept in %s', (store) => {
  let house: House
  const prefix = freshPrefix()
  beforeAll(async () => {
    const redis = { REDIS_URL: redisUrl(), REDIS_PREFIX: prefix }
    house = await openHouse({ providers: ['kakao', 'google'], env: store === 'Redis' ? redis : {} })
  })
  afterAll(() => house.close())
  afterEach(() => {
    house.world.provider('kakao').recover()
    house.world.provider('kakao').as('newcomer')
  })

  const tokenRequests = () => house.world.provider('kakao').requestsTo('token').length

  /** The callback's query as the provider made it, and the attempt's cookie, before anything was answered. */
  async function reach(path = '/auth/login/kakao?returnTo=/wanted') {
    const browser = house.browser()
    const { authorize } = await beginLogin(browser, path)
    const response = await fetch(authorize, {
      method: 'POST',
      body: new URLSearchParams({ persona: house.world.provider('kakao').persona }),
      redirect: 'manual',
    })
    const query = new URL(response.headers.get('location') ?? '').search.slice(1)
    const cookie = browser
      .cookies()
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ')
    return { query, cookie }
  }

  /** As a browser that holds these cookies and forgets the answer. */
  async function ask(query: string, cookie: string, origin = house.env['PUBLIC_URL']) {
    const response = await fetch(`${origin}/auth/callback/kakao?${query}`, {
      redirect: 'manual',
      headers: { cookie, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' },
    })
    const session = response.headers.getSetCookie().find((line) => line.startsWith('session='))
    return {
      status: response.status,
      page: response.headers.get('location'),
      session: session?.split(';')[0],
    }
  }

  it('gives the same page and the same ticket again, and makes one token request', async () => {
    const { query, cookie } = await reach()
    const before = tokenRequests()
    const first = await ask(query, cookie)
    expect(first).toMatchObject({
      status: 303,
      page: '/signup',
      session: expect.stringMatching(/^session=s/),
    })
    expect(await ask(query, cookie)).toEqual(first)
    house.world.advance(29_000)
    expect(await ask(query, cookie)).toEqual(first)
    expect(tokenRequests()).toBe(before + 1)
  })

  it('does so when both are under way at once', async () => {
    const { query, cookie } = await reach()
    const before = tokenRequests()
    const [first, second, third] = await Promise.all([
      ask(query, cookie),
      ask(query, cookie),
      ask(query, cookie),
    ])
    expect(first.session).toBeDefined()
    expect([second, third]).toEqual([first, first])
    expect(tokenRequests()).toBe(before + 1)
  })

  it('gives a failure again too', async () => {
    house.world.provider('kakao').as('deny')
    const { query, cookie } = await reach()
    const first = await ask(query, cookie)
    expect(first.page).toBe('/login?error=login-denied&provider=kakao&returnTo=%2Fwanted')
    expect(await ask(query, cookie)).toEqual(first)
  })

  it('is expired after 30 s, and at once for a browser without the attempt’s cookie', async () => {
    const { query, cookie } = await reach()
    await ask(query, cookie)
    const expired = '/login?error=login-expired&provider=kakao'
    expect(await ask(query, '')).toMatchObject({ page: expired, session: undefined })
    house.world.advance(30_001)
    expect(await ask(query, cookie)).toMatchObject({
      page: `${expired}&returnTo=%2Fwanted`,
      session: undefined,
    })
  })

  it('revives no session that was signed out meanwhile', async () => {
    const { query, cookie } = await reach()
    const { session = '' } = await ask(query, cookie)
    const headers = { cookie: session, 'x-csrf': '1' }
    expect((await fetch(`${house.env['PUBLIC_URL']}/auth/logout`, { method: 'POST', headers })).status).toBe(
      200,
    )
    expect(await ask(query, cookie)).toMatchObject({
      page: '/login?error=login-expired&provider=kakao&returnTo=%2Fwanted',
      session: undefined,
    })
  })

  it('ends the session that came along with it, as the first one would have', async () => {
    const other = house.browser()
    await signUp(other, 'google')
    const [ticket] = other.cookies('session').map(({ value }) => value)
    const { query, cookie } = await reach()
    const first = await ask(query, cookie)
    expect(await ask(query, `${cookie}; session=${ticket}`)).toEqual(first)
    expect(await sessionOf(other)).toEqual({ state: 'anonymous' })
  })

  it('that links an identity leads to the same page again', async () => {
    const browser: Browser = house.browser()
    await signUp(browser, 'google')
    const { hops } = await browser.goto('/auth/link/kakao?returnTo=/account', { initiator: 'page' })
    const callback = hops.find(({ url }) => url.pathname === '/auth/callback/kakao')
    expect((await callBack(browser, 'kakao', callback?.url.search.slice(1) ?? '')).location).toBe('/')
  })

  if (store === 'Redis')
    it('does so on another instance, from what Redis alone does not reveal', async () => {
      const second: Coatcheck = await createCoatcheck({ env: house.env, now: house.world.now })
      const { query, cookie } = await reach()
      const first = await ask(query, cookie)
      const again = await askAt(house.env['PUBLIC_URL'], second.app)
        .get(`/auth/callback/kakao?${query}`)
        .set('Cookie', cookie)
      const lines = again.headers['set-cookie'] as unknown as string[]
      expect([again.status, lines.find((line) => line.startsWith('session='))?.split(';')[0]]).toEqual([
        303,
        first.session,
      ])
      await second.close()

      const redis = await createClient({ url: redisUrl() }).connect()
      const notes = await redis.keys(`${prefix}note:*`)
      const ticket = decodeURIComponent(first.session ?? '').slice('session=s:'.length, -44)
      expect(notes.length).toBeGreaterThan(0)
      for (const note of notes) expect(await redis.get(note)).not.toContain(ticket)
      redis.destroy()
    })
})
