import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type House, openHouse, sessionOf, signUp } from '../support/house.ts'

let house: House
beforeAll(async () => {
  house = await openHouse({ providers: ['kakao', 'naver', 'google', 'acme'] })
})
afterAll(() => house.close())

/** The same person on another device. */
async function again(provider = 'kakao') {
  const browser = house.browser()
  house.world.provider(provider).as('returning')
  await browser.goto(`/auth/login/${provider}`)
  house.world.provider(provider).as('newcomer')
  return browser
}

describe('logout', () => {
  it('ends the session, clears the cookie, and the ticket opens nothing any more', async () => {
    const browser = house.browser()
    await signUp(browser)
    const [ticket] = browser.cookies('session').map(({ value }) => value)
    const page = await browser.fetch('/auth/logout', { method: 'POST' })
    expect([page.status, page.json()]).toEqual([200, { redirectTo: '/' }])
    expect(page.headers['set-cookie']).toEqual(['session=; Max-Age=0; Path=/; HttpOnly; SameSite=Strict'])
    const headers = { cookie: `session=${ticket}` }
    expect((await house.browser().fetch('/api/x', { headers })).status).toBe(401)
    const session = await house.browser().fetch('/auth/session', { headers })
    expect([session.json(), session.headers['set-cookie']]).toEqual([
      { state: 'anonymous', reason: 'signed-out' },
      undefined,
    ])
  })

  it('answers a stranger just the same', async () => {
    const page = await house.browser().fetch('/auth/logout', { method: 'POST' })
    expect([page.status, page.json()]).toEqual([200, { redirectTo: '/' }])
  })

  it('ends every session of the user when asked to, and nobody else’s', async () => {
    const browser = house.browser()
    await signUp(browser)
    const phone = await again()
    const stranger = house.browser()
    await signUp(stranger, 'naver')
    await browser.fetch('/auth/logout', { method: 'POST', json: { everywhere: true } })
    expect(await sessionOf(phone)).toEqual({ state: 'anonymous', reason: 'ended-elsewhere' })
    expect(await sessionOf(stranger)).toMatchObject({ state: 'member' })
  })

  it('leaves the user’s other sessions alone when not', async () => {
    const browser = house.browser()
    await signUp(browser)
    const phone = await again()
    await browser.fetch('/auth/logout', { method: 'POST', json: { everywhere: false } })
    expect(await sessionOf(phone)).toMatchObject({ state: 'member' })
  })

  it('by a form answers 303', async () => {
    const browser = house.browser()
    await signUp(browser)
    const page = await browser.fetch('/auth/logout', { method: 'POST', form: { everywhere: 'true' } })
    expect([page.hops[0]?.status, page.hops[0]?.headers.location]).toEqual([303, '/'])
    expect(await sessionOf(browser)).toEqual({ state: 'anonymous' })
  })

  it.each([
    ['kakao', /\/oauth\/logout$/, 'logout_redirect_uri'],
    ['acme', /\/logout$/, 'post_logout_redirect_uri'],
  ])(
    'leads to the logout page of %s when asked to, and never with an ID token',
    async (provider, path, parameter) => {
      const browser = house.browser()
      await signUp(browser, provider)
      const page = await browser.fetch('/auth/logout', { method: 'POST', json: { provider: true } })
      const url = new URL(page.json<{ redirectTo: string }>().redirectTo)
      expect(url.pathname).toMatch(path)
      expect(url.searchParams.get('client_id')).toBe(house.world.provider(provider).clientId)
      expect(url.searchParams.get(parameter)).toBe(`${house.env['PUBLIC_URL']}/`)
      expect(url.searchParams.has('id_token_hint')).toBe(false)
      expect(url.href).not.toMatch(/eyJ/)
    },
  )

  it.each(['naver', 'google'])('leads home where the provider (%s) has no logout page', async (provider) => {
    const browser = house.browser()
    await signUp(browser, provider)
    const page = await browser.fetch('/auth/logout', { method: 'POST', json: { provider: true } })
    expect(page.json()).toEqual({ redirectTo: '/' })
  })

  it.each<[string, Record<string, string>]>([
    ['from another site', { 'sec-fetch-site': 'cross-site' }],
    ['from a sibling subdomain', { 'sec-fetch-site': 'same-site' }],
    ['as a typed address', { 'sec-fetch-site': 'none' }],
  ])('does not work %s', async (_what, headers) => {
    const browser = house.browser()
    await signUp(browser)
    const page = await browser.fetch('/auth/logout', { method: 'POST', headers })
    expect([page.status, page.json<{ code: string }>().code]).toEqual([403, 'cross-site-request'])
    expect(await sessionOf(browser)).toMatchObject({ state: 'member' })
  })

  it('does not mind a body that is no JSON object, but one that is no JSON at all', async () => {
    const browser = house.browser()
    expect((await browser.fetch('/auth/logout', { method: 'POST', json: [] })).status).toBe(200)
    const broken = await browser.fetch('/auth/logout', {
      method: 'POST',
      form: { '{': '' },
      headers: { 'content-type': 'application/json' },
    })
    expect([broken.status, broken.json<{ code: string }>().code]).toEqual([400, 'invalid-request'])
  })

  it('revokes the grant where the provider can, behind the answer', async () => {
    const acme = house.world.provider('acme')
    const browser = house.browser()
    await signUp(browser, 'acme')
    await browser.fetch('/auth/logout', { method: 'POST' })
    const deadline = Date.now() + 5000
    while (acme.requestsTo('revocation').length === 0 && Date.now() < deadline) {
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(acme.requestsTo('revocation')).toHaveLength(1)
  })

  it('leaves the grant alone where revoking it would end the person’s consent', async () => {
    for (const id of ['google', 'naver']) {
      const browser = house.browser()
      await signUp(browser, id)
      await browser.fetch('/auth/logout', { method: 'POST' })
      await browser.fetch('/auth/session')
      expect(house.world.provider(id).requestsTo('revocation')).toEqual([])
    }
  })
})

describe('the list of sessions', () => {
  it('names each device, marks the current one, and ends one of them', async () => {
    const browser = house.browser()
    await signUp(browser)
    const phone = await again()
    interface Listed {
      sessions: {
        id: string
        current: boolean
        provider: string
        device: string
        createdAt: string
        lastSeenAt: string
      }[]
    }
    const { sessions } = (await browser.fetch('/auth/sessions')).json<Listed>()
    expect(sessions).toHaveLength(2)
    expect(Object.keys(sessions[0] ?? {}).sort()).toEqual([
      'createdAt',
      'current',
      'device',
      'id',
      'lastSeenAt',
      'provider',
    ])
    expect(sessions.filter(({ current }) => current)).toHaveLength(1)
    const other = sessions.find(({ current }) => !current)?.id as string
    const ended = await browser.fetch(`/auth/sessions/${other}`, { method: 'DELETE' })
    expect([ended.status, ended.headers['set-cookie']]).toEqual([204, undefined])
    expect(await sessionOf(phone)).toEqual({ state: 'anonymous', reason: 'ended-elsewhere' })
    expect(await sessionOf(browser)).toMatchObject({ state: 'member' })
  })

  it('ends one’s own session with its cookie', async () => {
    const browser = house.browser()
    const page = await signUp(browser)
    const { sessionId } = page.json<{ sessionId: string }>()
    const ended = await browser.fetch(`/auth/sessions/${sessionId}`, { method: 'DELETE' })
    expect([ended.status, ended.headers['set-cookie']?.[0]]).toEqual([
      204,
      expect.stringContaining('Max-Age=0'),
    ])
    expect(await sessionOf(browser)).toEqual({ state: 'anonymous' })
  })

  it('ends all others at once', async () => {
    const browser = house.browser()
    await signUp(browser)
    const others = [await again(), await again()]
    expect((await browser.fetch('/auth/sessions', { method: 'DELETE' })).status).toBe(204)
    for (const other of others) expect(await sessionOf(other)).toMatchObject({ state: 'anonymous' })
    expect(await sessionOf(browser)).toMatchObject({ state: 'member' })
  })

  it('does not know another user’s session', async () => {
    const victim = house.browser()
    const { sessionId } = (await signUp(victim)).json<{ sessionId: string }>()
    const attacker = house.browser()
    await signUp(attacker, 'naver')
    const page = await attacker.fetch(`/auth/sessions/${sessionId}`, { method: 'DELETE' })
    expect([page.status, page.json<{ code: string }>().code]).toEqual([404, 'not-found'])
    expect(await sessionOf(victim)).toMatchObject({ state: 'member' })
  })

  it('is for members', async () => {
    const page = await house.browser().fetch('/auth/sessions')
    expect([page.status, page.json()]).toEqual([
      401,
      expect.objectContaining({ code: 'session-required', loginUrl: '/login' }),
    ])
  })
})

describe('deleting the account', () => {
  it('takes the user, all sessions and the connection at the provider', async () => {
    const kakao = house.world.provider('kakao')
    const browser = house.browser()
    const { user } = (await signUp(browser)).json<{ user: { id: string } }>()
    const phone = await again()
    const before = kakao.requestsTo('unlink').length
    const page = await browser.fetch('/auth/account', { method: 'DELETE' })
    expect([page.status, page.text, page.headers['set-cookie']?.[0]]).toEqual([
      204,
      '',
      expect.stringContaining('Max-Age=0'),
    ])
    expect(await sessionOf(phone)).toMatchObject({ state: 'anonymous' })
    expect(kakao.requestsTo('unlink')).toHaveLength(before + 1)
    const back = await again()
    expect(await sessionOf(back)).toMatchObject({ state: 'registering' })
    const anew = await signUp(back)
    expect(anew.json<{ user: { id: string } }>().user.id).not.toBe(user.id)
  })

  it('is not stopped by a provider that is down', async () => {
    const kakao = house.world.provider('kakao')
    const browser = house.browser()
    await signUp(browser)
    kakao.fail('unlink', (res) => void res.writeHead(500).end())
    expect((await browser.fetch('/auth/account', { method: 'DELETE' })).status).toBe(204)
    kakao.recover()
    expect(await sessionOf(await again())).toMatchObject({ state: 'registering' })
  })

  it('needs proof that the request comes from our pages', async () => {
    const browser = house.browser()
    await signUp(browser)
    const page = await browser.fetch('/auth/account', {
      method: 'DELETE',
      headers: { 'sec-fetch-site': 'cross-site' },
    })
    expect(page.status).toBe(403)
    expect(await sessionOf(browser)).toMatchObject({ state: 'member' })
  })
})
