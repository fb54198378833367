import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { type Fault, faults } from '../../src/testing/world.ts'
import { type House, openHouse, sessionOf } from '../support/house.ts'

let house: House
beforeAll(async () => {
  house = await openHouse({ providers: ['kakao', 'naver', 'google', 'acme'] })
})
afterAll(() => house.close())
afterEach(() => {
  for (const id of ['kakao', 'naver', 'google', 'acme']) house.world.provider(id).recover()
})

/** Where a login ends while one of the provider's endpoints does something else. */
async function loginWith(provider: string, endpoint: string, fault: Fault): Promise<string | null> {
  house.world.provider(provider).fail(endpoint, fault)
  const browser = house.browser()
  const page = await browser.goto(`/auth/login/${provider}?returnTo=/kept`)
  expect(page.url.pathname).toBe('/login')
  expect(page.url.searchParams.get('provider')).toBe(provider)
  expect(page.url.searchParams.get('returnTo')).toBe('/kept')
  expect(browser.cookies()).toEqual([])
  expect(await sessionOf(browser)).toEqual({ state: 'anonymous' })
  return page.url.searchParams.get('error')
}

const { answer, change } = faults
const json = (status: number, body: object, headers = {}) => answer(status, body, headers)

describe('a token endpoint', () => {
  it.each<[string, string, Fault, string]>([
    [
      'refuses the code',
      'kakao',
      json(400, { error: 'invalid_grant', error_code: 'KOE320' }),
      'login-failed',
    ],
    [
      'refuses the code in a 200',
      'naver',
      json(200, { error: 'invalid_request', error_description: 'no valid data in session' }),
      'login-failed',
    ],
    [
      'refuses the code',
      'google',
      json(400, { error: 'invalid_grant', error_description: 'Bad Request' }),
      'login-failed',
    ],
    [
      'does not know us',
      'kakao',
      json(401, { error: 'invalid_client', error_code: 'KOE010' }),
      'provider-misconfigured',
    ],
    [
      'does not know us, with a challenge',
      'google',
      json(401, { error: 'invalid_client' }, { 'www-authenticate': 'Basic realm="x"' }),
      'provider-misconfigured',
    ],
    [
      'does not know our redirect URI',
      'kakao',
      json(400, { error: 'invalid_grant', error_code: 'KOE303' }),
      'provider-misconfigured',
    ],
    [
      'does not know our redirect URI',
      'google',
      json(400, { error: 'redirect_uri_mismatch' }),
      'provider-misconfigured',
    ],
    [
      'has had enough of us',
      'kakao',
      json(429, { error: 'invalid_request', error_code: 'KOE237' }),
      'provider-unavailable',
    ],
    ['fails in JSON', 'acme', json(500, { error: 'server_error' }), 'provider-unavailable'],
    [
      'fails in HTML',
      'google',
      answer(502, '<h1>Bad Gateway</h1>', { 'retry-after': '30' }),
      'provider-unavailable',
    ],
    ['is a captive page', 'kakao', answer(200, '<html>Accept the terms</html>'), 'provider-unavailable'],
    ['resets the connection', 'acme', faults.reset(), 'provider-unavailable'],
    ['sends 50 MB', 'google', faults.oversized(), 'provider-unavailable'],
    ['redirects', 'naver', answer(302, '', { location: 'https://evil.example/' }), 'provider-unavailable'],
    [
      'says half a JSON',
      'acme',
      answer(200, '{"access_token":"x', { 'content-type': 'application/json' }),
      'provider-unavailable',
    ],
    ['says an array', 'acme', json(200, []), 'provider-unavailable'],
  ])('that %s (%s) leads to its code', async (_what, provider, fault, code) => {
    expect(await loginWith(provider, 'token', fault)).toBe(code)
  })

  it.each<[string, Fault]>([
    ['no ID token', change(({ id_token: _, ...rest }) => rest)],
    [
      'an ID token of another’s making',
      change((body) => ({ ...body, id_token: `${String(body['id_token']).slice(0, -8)}AAAAAAAA` })),
    ],
    [
      'an unsigned ID token',
      change((body) => ({
        ...body,
        id_token: `eyJhbGciOiJub25lIn0.${String(body['id_token']).split('.')[1]}.`,
      })),
    ],
  ])('that sends %s is not believed', async (_what, fault) => {
    for (const provider of ['kakao', 'google', 'acme']) {
      expect([provider, await loginWith(provider, 'token', fault)]).toEqual([provider, 'login-failed'])
    }
  })
})

describe('an ID token', () => {
  it.each<[string, object]>([
    ['with another nonce', { nonce: 'another' }],
    ['without the nonce', { nonce: undefined }],
    ['of another issuer', { iss: 'https://evil.example' }],
    ['for another client', { aud: 'another-client' }],
    ['that has expired', { exp: 1_000_000 }],
    ['with a numeric subject', { sub: 12345 }],
  ])('%s is not believed', async (_what, claims) => {
    for (const id of ['kakao', 'google', 'acme']) {
      const provider = house.world.provider(id)
      provider.makeIdToken((usual) => ({ ...usual, ...claims }))
      const page = await house.browser().goto(`/auth/login/${id}`)
      provider.makeIdToken((usual) => usual)
      expect([id, page.url.searchParams.get('error')]).toEqual([id, 'login-failed'])
    }
  })
})

describe('a profile', () => {
  it.each<[string, string, Fault, string]>([
    ['that is refused after a good token', 'kakao', json(401, { msg: 'no', code: -401 }), 'login-failed'],
    [
      'while the provider is in maintenance',
      'kakao',
      json(503, { msg: 'x', code: -9798 }),
      'provider-unavailable',
    ],
    ['of somebody else', 'kakao', change((body) => ({ ...body, id: 1 })), 'login-failed'],
    ['without a subject', 'naver', change((body) => ({ ...body, response: {} })), 'login-failed'],
    ['with a numeric subject', 'naver', change((body) => ({ ...body, response: { id: 7 } })), 'login-failed'],
    ['without a response', 'naver', json(200, { resultcode: '00', message: 'success' }), 'login-failed'],
    ['that is an error in a 200', 'naver', json(200, { resultcode: '024', message: 'x' }), 'login-failed'],
    ['that fails', 'naver', json(500, { errorMessage: 'x', errorCode: '099' }), 'provider-unavailable'],
  ])('%s (%s) makes no session', async (_what, provider, fault, code) => {
    expect(await loginWith(provider, 'userinfo', fault)).toBe(code)
  })
})

describe('a provider that is gone', () => {
  it('leads to the login page when the login begins, if its metadata are not known', async () => {
    const alone = await openHouse({
      providers: ['acme', 'kakao'],
      env: { ACME_ISSUER: 'http://127.0.0.1:1' },
    })
    const page = await alone.browser().goto('/auth/login/acme?returnTo=/kept')
    expect(page.hops[0]?.status).toBe(303)
    expect(page.url.pathname + page.url.search).toBe(
      '/login?error=provider-unavailable&provider=acme&returnTo=%2Fkept',
    )
    expect((await alone.browser().goto('/auth/login/kakao')).url.pathname).toBe('/signup')
    await alone.close()
  })

  it('leads to the login page at the callback, and the others go on', async () => {
    const browser = house.browser()
    const { hops } = await browser.goto('/auth/login/google', { click: false })
    const authorize = hops[0]?.headers.location as string
    house.world.provider('google').fail('token', faults.silence())
    const page = await browser.goto(authorize)
    expect(page.url.searchParams.get('error')).toBe('provider-unavailable')
    expect((await house.browser().goto('/auth/login/kakao')).url.pathname).toBe('/signup')
  })
})

describe('a callback’s parameters', () => {
  it.each<[string, (query: URLSearchParams) => string, string]>([
    ['a doubled code', (query) => `${query}&code=other`, 'login-failed'],
    ['a doubled state', (query) => `${query}&state=${query.get('state')}`, 'login-failed'],
    ['a code and an error', (query) => `${query}&error=access_denied`, 'login-denied'],
    ['no code and no error', (query) => `state=${query.get('state')}`, 'login-failed'],
    ['an empty code', (query) => `state=${query.get('state')}&code=`, 'login-failed'],
    ['a code of 8 KB', (query) => `state=${query.get('state')}&code=${'x'.repeat(8000)}`, 'login-failed'],
    ['an issuer that is another', (query) => `${query}&iss=https%3A%2F%2Fevil.example`, 'login-failed'],
    ['broken percent-encoding', (query) => `${query}&x=%zz%00`, 'fine'],
    [
      'a script in the description',
      (query) => `state=${query.get('state')}&error=server_error&error_description=%3Cscript%3E%0d%0aX: y`,
      'provider-unavailable',
    ],
    [
      'an error of our request',
      (query) => `state=${query.get('state')}&error=unauthorized_client`,
      'provider-misconfigured',
    ],
    [
      'an error of our scope',
      (query) => `state=${query.get('state')}&error=invalid_scope`,
      'provider-misconfigured',
    ],
  ])('%s', async (_what, mutate, code) => {
    const browser = house.browser()
    const { hops } = await browser.goto('/auth/login/kakao', { click: false })
    const state = new URL(hops[0]?.headers.location as string).searchParams.get('state') as string
    const query = new URLSearchParams({ code: 'a-code', state })
    const page = await browser.fetch(`/auth/callback/kakao?${mutate(query)}`)
    const location = page.hops[0]?.headers.location as string
    expect(page.hops[0]?.status).toBe(303)
    expect(location).toMatch(
      code === 'fine' ? /error=login-failed/ : new RegExp(`error=${code}&provider=kakao&returnTo=%2F$`),
    )
    expect(location).not.toContain('script')
  })
})
