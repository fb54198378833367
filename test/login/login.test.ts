import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  beginLogin,
  callBack,
  freshName,
  type House,
  openHouse,
  sessionOf,
  signUp,
} from '../support/house.ts'

const providers = ['kakao', 'naver', 'google', 'acme']
let house: House
beforeAll(async () => {
  house = await openHouse({ providers })
})
afterAll(() => house.close())

describe('the login page', () => {
  it('is told which providers there are, in the order of the configuration', async () => {
    const { status, text } = await house.browser().fetch('/auth/providers')
    expect(status).toBe(200)
    expect(JSON.parse(text).providers).toEqual([
      { id: 'kakao', name: 'Kakao', loginUrl: '/auth/login/kakao' },
      { id: 'naver', name: 'Naver', loginUrl: '/auth/login/naver' },
      { id: 'google', name: 'Google', loginUrl: '/auth/login/google' },
      { id: 'acme', name: expect.any(String), loginUrl: '/auth/login/acme' },
    ])
  })
})

describe.each(providers)('a login with %s', (provider) => {
  it('sends the browser to the provider with state, our one redirect URI and response_type=code', async () => {
    const { authorize, state } = await beginLogin(house.browser(), `/auth/login/${provider}`)
    expect(authorize.searchParams.get('response_type')).toBe('code')
    expect(authorize.searchParams.get('redirect_uri')).toBe(
      `${house.env['PUBLIC_URL']}/auth/callback/${provider}`,
    )
    expect(state.length).toBeGreaterThanOrEqual(22)
    expect(authorize.searchParams.has('client_secret')).toBe(false)
    // RFC 7636 §4.3 and OpenID Connect Core §3.1.2.1, wherever the provider supports them.
    if (provider !== 'naver') {
      expect(authorize.searchParams.get('code_challenge_method')).toBe('S256')
      expect(authorize.searchParams.get('nonce')?.length).toBeGreaterThanOrEqual(22)
    }
  })

  it('takes a newcomer to the sign-up page, vouched for and able to do nothing else', async () => {
    const browser = house.browser()
    const page = await browser.goto(
      `/auth/login/${provider}?returnTo=${encodeURIComponent('/deep?x=1#part')}`,
    )
    expect(page.url.pathname).toBe('/signup')
    const session = await sessionOf(browser)
    expect(session).toMatchObject({ state: 'registering', provider, returnTo: '/deep?x=1#part' })
    const call = await browser.fetch('/api/x')
    expect([call.status, call.json<{ code: string }>().code]).toEqual([403, 'sign-up-required'])
    expect((await browser.fetch('/auth/sessions')).status).toBe(403)
    expect(house.api.requests).not.toContainEqual(expect.objectContaining({ url: '/api/x' }))
  })

  it('becomes a member by signing up, and comes back as that member', async () => {
    const browser = house.browser()
    const signedUp = (await signUp(browser, provider)).json<{ user: { id: string } }>()
    await browser.fetch('/auth/logout', { method: 'POST' })
    expect(await sessionOf(browser)).toEqual({ state: 'anonymous' })

    house.world.provider(provider).as('returning')
    const page = await browser.goto(
      `/auth/login/${provider}?returnTo=${encodeURIComponent('/notes?page=2#top')}`,
    )
    house.world.provider(provider).as('newcomer')
    expect(page.url.pathname + page.url.search + page.url.hash).toBe('/notes?page=2#top')
    expect(await sessionOf(browser)).toMatchObject({ state: 'member', user: { id: signedUp.user.id } })
  })

  it('ends on the login page, readable, when the person says no', async () => {
    const browser = house.browser()
    house.world.provider(provider).as('deny')
    const page = await browser.goto(`/auth/login/${provider}?returnTo=/here`)
    house.world.provider(provider).as('newcomer')
    expect(page.url.pathname).toBe('/login')
    expect(Object.fromEntries(page.url.searchParams)).toEqual({
      error: 'login-denied',
      provider,
      returnTo: '/here',
    })
    expect(browser.cookies()).toEqual([])
  })

  it('ends on the login page when the person says no and the provider leaves the state out, with nothing consumed', async () => {
    const browser = house.browser()
    await beginLogin(browser, `/auth/login/${provider}`)
    const { status, location, setCookie } = await callBack(browser, provider, { error: 'access_denied' })
    expect([status, location, setCookie]).toEqual([303, `/login?error=login-denied&provider=${provider}`, []])
    expect(browser.cookies()).toHaveLength(1)
  })
})

describe('a callback', () => {
  it('answers 303 without a body and never stores', async () => {
    const browser = house.browser()
    await browser.goto('/auth/login/kakao')
    const callback = browser.page?.hops.find((hop) => hop.url.pathname === '/auth/callback/kakao')
    expect(callback?.status).toBe(303)
    expect(callback?.body).toBe('')
    expect(callback?.headers['cache-control']).toBe('no-store')
    expect(callback?.headers['referrer-policy']).toBe('no-referrer')
  })

  it('gives a ticket that scripts cannot read, for this host alone', async () => {
    const browser = house.browser()
    await browser.goto('/auth/login/kakao')
    const callback = browser.page?.hops.find((hop) => hop.url.pathname === '/auth/callback/kakao')
    const cookie = callback?.headers['set-cookie']?.find((one) => one.startsWith('session='))
    // http on loopback: no Secure, no prefix. Thirty minutes: the time to sign up.
    expect(cookie).toMatch(/^session=[^;]+; Max-Age=1800; Path=\/; HttpOnly; SameSite=Strict$/)
  })

  it.each([
    ['no state', { code: 'x' }],
    ['a state that nobody asked for', { code: 'x', state: 'made-up' }],
    ['an empty state', { code: 'x', state: '' }],
    ['nothing at all', {}],
  ])('with %s leads to login-expired', async (_name, query) => {
    const browser = house.browser()
    await beginLogin(browser, '/auth/login/kakao')
    const { location } = await callBack(browser, 'kakao', query)
    expect(location).toBe('/login?error=login-expired&provider=kakao')
  })

  it('of another browser leads to login-expired: nobody can be logged in as somebody else', async () => {
    // attacker:  GET /auth/login/kakao, consents, keeps the callback URL     victim: opens that URL
    const attacker = house.browser()
    const { state } = await beginLogin(attacker, '/auth/login/kakao')
    const victim = house.browser()
    const { location, setCookie } = await callBack(victim, 'kakao', { code: 'attackers', state })
    expect([location, setCookie]).toEqual(['/login?error=login-expired&provider=kakao', []])
  })

  it('with the state of another provider leads to login-expired, and that login can still finish', async () => {
    const browser = house.browser()
    const { state } = await beginLogin(browser, '/auth/login/google')
    const { location } = await callBack(browser, 'kakao', { code: 'x', state })
    expect(location).toBe('/login?error=login-expired&provider=kakao')
    expect(
      house.world
        .provider('kakao')
        .requestsTo('token')
        .some(({ form }) => form.get('code') === 'x'),
    ).toBe(false)
    expect(browser.cookies()).toHaveLength(1)
  })

  it('after ten minutes leads to login-expired', async () => {
    const browser = house.browser()
    const { state } = await beginLogin(browser, '/auth/login/kakao')
    const cookies = browser.cookies().map(({ name, value }) => `${name}=${value}`)
    house.world.advance(10 * 60_000)
    // The browser has dropped the cookie; even one that had not gets nowhere.
    expect(browser.cookies()).toEqual([])
    const page = await browser.fetch(`/auth/callback/kakao?code=x&state=${state}`, {
      headers: { cookie: cookies.join('; ') },
    })
    expect(page.hops[0]?.headers.location).toBe('/login?error=login-expired&provider=kakao')
  })

  it('that is repeated makes no second token request, and takes whoever is signed in home', async () => {
    const browser = house.browser()
    await browser.goto('/auth/login/kakao?returnTo=/x')
    const callback = browser.page?.hops.find((hop) => hop.url.pathname === '/auth/callback/kakao')?.url as URL
    const before = house.world.provider('kakao').requestsTo('token').length
    const again = await callBack(browser, 'kakao', callback.search.slice(1))
    expect([again.status, again.location, again.setCookie]).toEqual([303, '/', []])
    expect(house.world.provider('kakao').requestsTo('token')).toHaveLength(before)
    expect(await sessionOf(browser)).toMatchObject({ state: 'registering' })
  })

  it('that is repeated later with the attempt cookie put back is refused all the same: an attempt works once', async () => {
    const browser = house.browser()
    const { authorize } = await beginLogin(browser, '/auth/login/kakao')
    const attempt = browser.cookies().map(({ name, value }) => `${name}=${value}`)
    const page = await browser.goto(authorize.href)
    const callback = page.hops.find((hop) => hop.url.pathname === '/auth/callback/kakao')?.url as URL
    const before = house.world.provider('kakao').requestsTo('token').length
    house.world.advance(30_001)
    const replay = await house.browser().fetch(`/auth/callback/kakao${callback.search}`, {
      headers: { cookie: attempt.join('; ') },
    })
    expect(replay.hops[0]?.headers.location).toMatch(/^\/login\?error=login-expired/)
    expect(house.world.provider('kakao').requestsTo('token')).toHaveLength(before)
  })

  it('takes GET only', async () => {
    for (const path of ['/auth/callback/kakao', '/auth/login/kakao']) {
      for (const method of ['POST', 'HEAD', 'PUT']) {
        const { status, headers } = await house.browser().fetch(path, { method, headers: { 'x-csrf': '1' } })
        expect([path, method, status, headers['allow']]).toEqual([path, method, 405, 'GET'])
      }
    }
  })

  it.each(['/auth/login/kakao', '/auth/callback/kakao?code=x&state=y', '/auth/link/kakao'])(
    'and a login are not for speculation: a prefetch of %s gets 503, without a body or a cookie',
    async (path) => {
      for (const purpose of ['prefetch', 'prefetch;prerender']) {
        const { status, text, headers } = await house.browser().fetch(path, {
          headers: { 'sec-purpose': purpose, 'sec-fetch-site': 'same-origin' },
        })
        expect([status, text, headers['cache-control'], headers['set-cookie']]).toEqual([
          503,
          '',
          'no-store',
          undefined,
        ])
      }
    },
  )
})

describe('an unknown provider', () => {
  it.each(['nobody', '%3Cscript%3E', '__proto__', 'constructor', 'KAKAO'])(
    '%s is not found, and not reflected',
    async (id) => {
      for (const path of [`/auth/login/${id}`, `/auth/callback/${id}?code=x`, `/auth/login?provider=${id}`]) {
        const { status, text } = await house.browser().fetch(path)
        expect([status, JSON.parse(text).code]).toEqual([404, 'not-found'])
        expect(text).not.toContain(
          decodeURIComponent(id) === 'constructor' ? '"constructor"' : decodeURIComponent(id),
        )
      }
    },
  )
})

describe('attempts', () => {
  it('of two tabs do not disturb each other; the later login ends the earlier one’s session', async () => {
    const browser = house.browser()
    const first = await beginLogin(browser, '/auth/login/kakao?returnTo=/first')
    await browser.goto('/auth/login/google?returnTo=/second')
    const [ticket] = browser.cookies('session').map(({ value }) => value)
    expect(await sessionOf(browser)).toMatchObject({ provider: 'google' })

    await browser.goto(first.authorize.href)
    expect(await sessionOf(browser)).toMatchObject({ provider: 'kakao', returnTo: '/first' })
    const old = await house.browser().fetch('/auth/session', { headers: { cookie: `session=${ticket}` } })
    expect(JSON.parse(old.text).state).toBe('anonymous')
  })

  it('are five at most: of ten the last five finish, the others end in login-expired', async () => {
    const browser = house.browser()
    const logins: URL[] = []
    for (let index = 0; index < 10; index++) {
      logins.push((await beginLogin(browser, `/auth/login/kakao?returnTo=/${index}`)).authorize)
      house.world.advance(1)
    }
    expect(browser.cookies()).toHaveLength(5)
    const ends: string[] = []
    for (const login of logins) {
      const page = await browser.goto(login.href)
      const callback = page.hops.find((hop) => hop.url.pathname === '/auth/callback/kakao')
      ends.push(callback?.headers.location ?? '')
    }
    expect(ends.slice(0, 4)).toEqual(Array(4).fill('/login?error=login-expired&provider=kakao'))
    expect(ends.slice(5)).toEqual(Array(5).fill('/signup'))
  })

  it('are sealed: a cookie that somebody made or changed is none', async () => {
    const browser = house.browser()
    const { state } = await beginLogin(browser, '/auth/login/kakao')
    const [cookie] = browser.cookies()
    for (const value of ['', 'x', `${cookie?.value.slice(0, -2)}AA`, `x${cookie?.value}`]) {
      const page = await house.browser().fetch(`/auth/callback/kakao?code=x&state=${state}`, {
        headers: { cookie: `${cookie?.name}=${value}` },
      })
      expect(page.hops[0]?.headers.location).toBe('/login?error=login-expired&provider=kakao')
    }
  })

  it('cost the server nothing: no session, no cookie but their own', async () => {
    const browser = house.browser()
    await browser.goto('/auth/login/kakao', { click: false })
    expect(
      browser.cookies().map(({ name, httpOnly, sameSite }) => [name.slice(0, 6), httpOnly, sameSite]),
    ).toEqual([['login-', true, 'lax']])
  })
})

describe('a success', () => {
  it('gives a new ticket at each step, and the old one is dead (ASVS V7.2.4)', async () => {
    const browser = house.browser()
    await browser.goto('/auth/login/kakao')
    const [registering] = browser.cookies('session').map(({ value }) => value)
    await browser.fetch('/auth/signup', {
      method: 'POST',
      json: { nickname: freshName(), characterName: 'x' },
    })
    const [member] = browser.cookies('session').map(({ value }) => value)
    house.world.provider('kakao').as('returning')
    await browser.goto('/auth/login/kakao')
    house.world.provider('kakao').as('newcomer')
    const [again] = browser.cookies('session').map(({ value }) => value)
    expect(new Set([registering, member, again]).size).toBe(3)
    for (const dead of [registering, member]) {
      const page = await house.browser().fetch('/api/x', { headers: { cookie: `session=${dead}` } })
      expect(page.status).toBe(401)
    }
    expect((await browser.fetch('/api/x')).status).toBe(200)
  })

  it('never finishes for a session that is gone: logged out meanwhile is login-expired', async () => {
    const browser = house.browser()
    await signUp(browser)
    const { authorize } = await beginLogin(browser, '/auth/login/google')
    await browser.fetch('/auth/logout', { method: 'POST' })
    const page = await browser.goto(authorize.href)
    expect(page.url.searchParams.get('error')).toBe('login-expired')
    expect(await sessionOf(browser)).toEqual({ state: 'anonymous' })
  })
})

describe('redirect_uri', () => {
  it('comes from PUBLIC_URL, whatever Host and X-Forwarded-Host say', async () => {
    const { hops } = await house.browser().fetch('/auth/login/kakao', {
      headers: { 'x-forwarded-host': 'evil.example', forwarded: 'host=evil.example' },
    })
    const location = new URL(hops[0]?.headers.location as string)
    expect(location.searchParams.get('redirect_uri')).toBe(`${house.env['PUBLIC_URL']}/auth/callback/kakao`)
  })
})
