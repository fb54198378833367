import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Coatcheck, createCoatcheck } from '../../src/composition.ts'
import { type Browser, createWorld, type World } from '../../src/testing/world.ts'
import { callBack, sessionOf, signUp, startRecordingApi } from '../support/house.ts'
import { type OidcIssuer, startOidcIssuer } from '../support/oidc-issuer.ts'

// The whole house at the certified `oidc-provider` in its strictest set-up (PKCE and PAR required, refresh tokens that
// rotate, `iss` on every callback), by configuration alone: no line of coatcheck knows it.

let world: World
let issuer: OidcIssuer
let house: Coatcheck
let api: Awaited<ReturnType<typeof startRecordingApi>>
/** The issuer's name for the session that it vouched for last. */
let sid: string | undefined
beforeAll(async () => {
  world = await createWorld({ providers: ['kakao'] })
  const origin = world.env['PUBLIC_URL'] ?? ''
  issuer = await startOidcIssuer({ redirectUri: `${origin}/auth/callback/acme` })
  issuer.provider.on('authorization.success', ({ oidc }) => {
    sid = oidc.session?.sidFor(issuer.clientId)
  })
  api = await startRecordingApi()
  house = await createCoatcheck({
    env: {
      ...world.env,
      PROVIDERS: 'acme,kakao',
      ACME_ISSUER: issuer.issuer,
      ACME_CLIENT_ID: issuer.clientId,
      ACME_CLIENT_SECRET: issuer.clientSecret,
      API_URL: api.url,
      ACME_LOGOUT_HINT: 'id_token',
      API_TOKEN: 'provider',
      RATE_LIMIT: 'off',
    },
    now: world.now,
  })
})
afterAll(async () => {
  await house.close()
  await issuer.close()
  await world.close()
  api.server.closeAllConnections()
  api.server.close()
})

/** A new browser of a new member. */
async function member(account: string): Promise<Browser> {
  issuer.signInAs(account)
  const browser = world.browser(house.app)
  await signUp(browser, 'acme', account)
  return browser
}

const tokenRequests = () => issuer.requests.filter((request) => request === 'POST /token').length
const bearer = () => api.requests.at(-1)?.headers.authorization

describe('at a certified issuer', () => {
  it('a newcomer signs up with what the issuer suggests, and comes back as the same user', async () => {
    issuer.signInAs('bora')
    const browser = world.browser(house.app)
    const page = await browser.goto('/auth/login/acme?returnTo=/deep')
    expect(page.url.pathname).toBe('/signup')
    expect(await sessionOf(browser)).toMatchObject({
      state: 'registering',
      provider: 'acme',
      suggested: { nickname: 'nick-bora', email: 'bora@example.com' },
    })
    const { user } = (await signUp(browser, 'acme', 'bora')).json<{ user: { id: string } }>()
    await browser.fetch('/auth/logout', { method: 'POST' })
    const back = world.browser(house.app)
    expect((await back.goto('/auth/login/acme?returnTo=/deep')).url.pathname).toBe('/deep')
    expect(await sessionOf(back)).toMatchObject({ state: 'member', user: { id: user.id } })
  })

  it('a person who says no is told so', async () => {
    issuer.signInAs('nobody')
    const page = await world.browser(house.app).goto('/auth/login/acme?returnTo=/here')
    expect(page.url.pathname + page.url.search).toBe(
      '/login?error=login-denied&provider=acme&returnTo=%2Fhere',
    )
  })

  it('a callback counts once: again it makes no token request and leads home', async () => {
    issuer.signInAs('chorong')
    const browser = world.browser(house.app)
    const { hops } = await browser.goto('/auth/login/acme')
    const callback = hops.find(({ url }) => url.pathname === '/auth/callback/acme')
    const before = tokenRequests()
    const query = callback?.url.search.slice(1) ?? ''
    expect((await callBack(browser, 'acme', query)).location).toBe('/')
    const thief = world.browser(house.app)
    expect((await callBack(thief, 'acme', query)).location).toBe('/login?error=login-expired&provider=acme')
    expect(tokenRequests()).toBe(before)
  })

  it('its back-channel logout ends the session', async () => {
    const elsewhere = await member('dami')
    const browser = world.browser(house.app)
    await browser.goto('/auth/login/acme')
    await issuer.logOut('dami', sid ?? '')
    expect(await sessionOf(browser)).toEqual({ state: 'anonymous', reason: 'ended-by-provider' })
    expect(await sessionOf(elsewhere)).toMatchObject({ state: 'member' })
  })

  it('logging out leads to a page that posts the ID token to its logout page, once and for this browser', async () => {
    const browser = await member('eunji')
    const answer = await browser.fetch('/auth/logout', { method: 'POST', json: { provider: true } })
    expect([answer.json(), answer.text]).toEqual([
      { redirectTo: '/auth/logout/provider' },
      expect.not.stringContaining('eyJ'),
    ])
    const stranger = await world.browser(house.app).fetch('/auth/logout/provider')
    expect([stranger.hops[0]?.status, stranger.hops[0]?.headers.location]).toEqual([303, '/'])

    const page = await browser.fetch('/auth/logout/provider')
    expect([page.status, page.headers['cache-control']]).toEqual([200, 'no-store'])
    expect(page.headers['content-security-policy']).toMatch(
      /^default-src 'none'; script-src 'sha256-[^']+'; /,
    )
    const fields = new URLSearchParams(
      [...page.text.matchAll(/name="(\w+)" value="([^"]*)"/g)].map(([, name = '', value = '']) => [
        name,
        value,
      ]),
    )
    expect([...fields.keys()]).toEqual(['id_token_hint', 'client_id', 'post_logout_redirect_uri', 'state'])
    const action = /action="([^"]+)"/.exec(page.text)?.[1] ?? ''
    expect(page.text).toContain('<form method="post"')
    expect(fields.get('post_logout_redirect_uri')).toBe(`${world.env['PUBLIC_URL']}/`)
    // This issuer judges the same fields by GET; by POST it wants cookies that only https can carry.
    const there = await fetch(`${action}?${fields}`)
    expect([new URL(action).origin, there.status]).toEqual([issuer.issuer, 200])
    expect(await there.text()).toContain('<form')

    const again = await browser.fetch('/auth/logout/provider')
    expect([again.hops[0]?.status, again.hops[0]?.headers.location]).toEqual([303, '/'])
  })

  it('the page of a logout that waited for a minute leads home', async () => {
    const browser = await member('haneul')
    await browser.fetch('/auth/logout', { method: 'POST', json: { provider: true } })
    const cookie = browser.cookies('provider-logout')[0]
    world.advance(60_001)
    const late = await browser.fetch('/auth/logout/provider', {
      headers: { cookie: `provider-logout=${cookie?.value}` },
    })
    expect([late.hops[0]?.status, late.hops[0]?.headers.location]).toEqual([303, '/'])
  })

  it('an API call carries its access token, and a new one when that is about to expire', async () => {
    const browser = await member('garam')
    await browser.fetch('/api/first')
    const first = bearer()
    await browser.fetch('/api/second')
    expect(bearer()).toBe(first)
    world.advance(595_000)
    const before = tokenRequests()
    expect((await browser.fetch('/api/third')).status).toBe(200)
    expect([tokenRequests(), bearer()]).toEqual([before + 1, expect.stringMatching(/^Bearer ./)])
    expect(bearer()).not.toBe(first)
  })
})
