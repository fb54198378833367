import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Browser } from '../../src/testing/world.ts'
import { type House, openHouse, sessionOf, signUp } from '../support/house.ts'

let house: House
beforeAll(async () => {
  house = await openHouse({
    providers: ['kakao', 'naver', 'google', 'acme'],
    env: { KAKAO_ADMIN_KEY: 'kakao-admin-key-0123456789' },
  })
})
afterAll(() => house.close())

async function member(provider: string): Promise<{ browser: Browser; subject: string }> {
  const browser = house.browser()
  await signUp(browser, provider)
  return { browser, subject: house.world.provider(provider).lastPerson?.subject ?? '' }
}

/** As a provider's server calls: no Origin, no Fetch Metadata, no cookie. */
async function post(
  path: string,
  form: Record<string, string> | URLSearchParams,
  headers: Record<string, string> = {},
) {
  const response = await fetch(`${house.env['PUBLIC_URL']}${path}`, {
    method: 'POST',
    body: new URLSearchParams(form),
    headers,
  })
  return { status: response.status, text: await response.text(), headers: response.headers }
}

describe('back-channel logout', () => {
  const path = '/auth/backchannel-logout/acme'
  const token = (claims: Record<string, unknown>, header: { typ?: string } = {}) =>
    house.world.provider('acme').logoutToken(claims, header)

  it('ends every session of a subject', async () => {
    const { browser, subject } = await member('acme')
    const { status, headers } = await post(path, { logout_token: await token({ sub: subject }) })
    expect([status, headers.get('cache-control')]).toEqual([200, 'no-store'])
    expect(await sessionOf(browser)).toEqual({ state: 'anonymous', reason: 'ended-by-provider' })
  })

  it('ends one session by the provider’s session id, and no other of the same person', async () => {
    const acme = house.world.provider('acme')
    const sids: unknown[] = []
    acme.makeIdToken((claims) => {
      sids.push(claims['sid'])
      return claims
    })
    const { browser: first } = await member('acme')
    house.world.advance(5000)
    const second = house.browser()
    acme.as('returning')
    await second.goto('/auth/login/acme')
    acme.as('newcomer')
    acme.makeIdToken((claims) => claims)
    expect(new Set(sids).size).toBe(2)
    const { status } = await post(path, { logout_token: await token({ sid: sids[1], sub: 'whoever' }) })
    expect(status).toBe(200)
    expect(await sessionOf(second)).toEqual({ state: 'anonymous', reason: 'ended-by-provider' })
    expect(await sessionOf(first)).toMatchObject({ state: 'member' })
  })

  it('by session id and subject ends that session and those of the person that know no session id', async () => {
    const acme = house.world.provider('acme')
    acme.makeIdToken(({ sid: _, ...claims }) => claims)
    const { browser: nameless, subject } = await member('acme')
    acme.as('returning')
    const named = []
    for (const sid of ['one', 'two']) {
      acme.makeIdToken((claims) => ({ ...claims, sid }))
      const browser = house.browser()
      await browser.goto('/auth/login/acme')
      named.push(browser)
    }
    acme.as('newcomer')
    acme.makeIdToken((claims) => claims)
    await post(path, { logout_token: await token({ sid: 'one', sub: subject }) })
    expect(await sessionOf(nameless)).toEqual({ state: 'anonymous', reason: 'ended-by-provider' })
    expect(await sessionOf(named[0] as Browser)).toEqual({ state: 'anonymous', reason: 'ended-by-provider' })
    expect(await sessionOf(named[1] as Browser)).toMatchObject({ state: 'member' })
  })

  it('of somebody unknown is 200 too', async () => {
    expect((await post(path, { logout_token: await token({ sub: 'nobody' }) })).status).toBe(200)
  })

  it('counts once: a token that is sent again ends nothing more', async () => {
    const { browser, subject } = await member('acme')
    const logoutToken = await token({ sub: 'nobody-either' })
    expect((await post(path, { logout_token: logoutToken })).status).toBe(200)
    expect((await post(path, { logout_token: logoutToken })).status).toBe(400)
    expect(subject).toBeTruthy()
    expect(await sessionOf(browser)).toMatchObject({ state: 'member' })
  })

  const now = () => Math.floor(house.world.now() / 1000)
  it.each<[string, () => object]>([
    ['of another issuer', () => ({ iss: 'https://evil.example' })],
    ['for another client', () => ({ aud: 'another' })],
    ['that has expired', () => ({ iat: now() - 1000, exp: now() - 900 })],
    ['with a nonce', () => ({ nonce: 'x' })],
    ['without the event', () => ({ events: {} })],
    ['without events', () => ({ events: undefined })],
    ['without sub and sid', () => ({ sub: undefined })],
    ['without jti', () => ({ jti: undefined })],
  ])('is refused with a token %s', async (_what, claims) => {
    const { browser, subject } = await member('acme')
    const { status } = await post(path, { logout_token: await token({ sub: subject, ...claims() }) })
    expect(status).toBe(400)
    expect(await sessionOf(browser)).toMatchObject({ state: 'member' })
  })

  it('is refused with a token of another type', async () => {
    const { browser, subject } = await member('acme')
    const { status } = await post(path, { logout_token: await token({ sub: subject }, { typ: 'at+jwt' }) })
    expect(status).toBe(400)
    expect(await sessionOf(browser)).toMatchObject({ state: 'member' })
  })

  it.each([{}, { logout_token: '' }, { logout_token: 'x.y.z' }, { other: 'x' }])(
    'is refused with %j',
    async (form) => {
      expect((await post(path, form as Record<string, string>)).status).toBe(400)
    },
  )

  it('is not found for a provider that is not enabled, and takes POST only', async () => {
    expect((await post('/auth/backchannel-logout/nobody', {})).status).toBe(404)
    expect((await fetch(`${house.env['PUBLIC_URL']}${path}`)).status).toBe(405)
  })
})

describe('Kakao’s unlink notice', () => {
  const key = { authorization: 'KakaoAK kakao-admin-key-0123456789' }
  const fields = (subject: string) => ({ app_id: '1', user_id: subject, referrer_type: 'UNLINK_FROM_APPS' })

  it('ends the identity’s sessions and unlinks it; the user stays, and signs in to it again', async () => {
    const { browser, subject } = await member('kakao')
    const { user } = (await sessionOf(browser)) as { user: { id: string } }
    const { status, text } = await post('/auth/webhooks/kakao', fields(subject), key)
    expect([status, text]).toEqual([200, ''])
    expect(await sessionOf(browser)).toEqual({ state: 'anonymous', reason: 'ended-by-provider' })
    house.world.provider('kakao').as('returning')
    await browser.goto('/auth/login/kakao')
    house.world.provider('kakao').as('newcomer')
    expect(await sessionOf(browser)).toMatchObject({ state: 'member', user: { id: user.id } })
  })

  it('may come as GET, and of an unknown person', async () => {
    const url = `${house.env['PUBLIC_URL']}/auth/webhooks/kakao?${new URLSearchParams(fields('999'))}`
    expect((await fetch(url, { headers: key })).status).toBe(200)
  })

  it.each<[string, Record<string, string>]>([
    ['a wrong key', { authorization: 'KakaoAK wrong' }],
    ['no key', {}],
    ['an empty key', { authorization: 'KakaoAK ' }],
    ['another scheme', { authorization: 'Bearer kakao-admin-key-0123456789' }],
  ])('with %s is 401 and does nothing', async (_what, headers) => {
    const { browser, subject } = await member('kakao')
    expect((await post('/auth/webhooks/kakao', fields(subject), headers)).status).toBe(401)
    expect(await sessionOf(browser)).toMatchObject({ state: 'member' })
  })

  it('is 401 without KAKAO_ADMIN_KEY, whatever it carries', async () => {
    const keyless = await openHouse({ providers: ['kakao'] })
    keyless.browser()
    for (const authorization of ['KakaoAK ', 'KakaoAK undefined', 'KakaoAK']) {
      const response = await fetch(`${keyless.env['PUBLIC_URL']}/auth/webhooks/kakao?user_id=1`, {
        headers: { authorization },
      })
      expect(response.status).toBe(401)
    }
    await keyless.close()
  })
})

describe('Naver’s unlink notice', () => {
  it.each(['query', 'form'] as const)(
    'in the %s ends the identity’s sessions and answers 204',
    async (where) => {
      const { browser, subject } = await member('naver')
      const fields = new URLSearchParams(house.world.provider('naver').unlinkNotice(subject).form)
      const { status, text } =
        where === 'form'
          ? await post('/auth/webhooks/naver', fields)
          : await post(`/auth/webhooks/naver?${fields}`, {})
      expect([status, text]).toEqual([204, ''])
      expect(await sessionOf(browser)).toEqual({ state: 'anonymous', reason: 'ended-by-provider' })
    },
  )

  it('that is five minutes off, or whose signature is wrong, is 401', async () => {
    const { browser, subject } = await member('naver')
    const fields = new URLSearchParams(house.world.provider('naver').unlinkNotice(subject).form)
    const forged = new URLSearchParams(fields)
    forged.set('signature', `${fields.get('signature')?.slice(0, -2)}AA`)
    expect((await post('/auth/webhooks/naver', forged)).status).toBe(401)
    house.world.advance(5 * 60_000 + 2000)
    expect((await post('/auth/webhooks/naver', fields)).status).toBe(401)
    expect(await sessionOf(browser)).toMatchObject({ state: 'member' })
  })

  it('counts once: sent again within its five minutes it is answered and ends nothing', async () => {
    const { subject } = await member('naver')
    const fields = new URLSearchParams(house.world.provider('naver').unlinkNotice(subject).form)
    expect((await post('/auth/webhooks/naver', fields)).status).toBe(204)
    const back = house.browser()
    house.world.provider('naver').as('returning')
    await back.goto('/auth/login/naver')
    house.world.provider('naver').as('newcomer')
    const padded = new URLSearchParams(fields)
    padded.set('signature', `${fields.get('signature')}=`)
    for (const again of [fields, padded]) expect((await post('/auth/webhooks/naver', again)).status).toBe(204)
    expect(await sessionOf(back)).toMatchObject({ state: 'member' })
  })

  it('that is malformed is 400', async () => {
    expect((await post('/auth/webhooks/naver', { clientId: 'x' })).status).toBe(400)
    expect((await post('/auth/webhooks/naver', {})).status).toBe(400)
  })
})

it('there are notices of kakao and naver only', async () => {
  for (const id of ['google', 'acme', 'nobody'])
    expect((await post(`/auth/webhooks/${id}`, {})).status).toBe(404)
})
