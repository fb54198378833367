import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Browser, Page } from '../../src/testing/world.ts'
import { type House, openHouse, sessionOf, signUp } from '../support/house.ts'

let house: House
beforeAll(async () => {
  house = await openHouse({ providers: ['kakao', 'google', 'naver'] })
})
afterAll(() => house.close())

interface Identities {
  readonly identities: readonly {
    readonly provider: string
    readonly linkedAt: string
    readonly email?: string
  }[]
}

async function linked(browser: Browser): Promise<string[]> {
  const { identities } = (await browser.fetch('/auth/identities')).json<Identities>()
  return identities.map(({ provider }) => provider)
}

const codeOf = (page: Page) => page.json<{ code: string }>().code

describe('linking', () => {
  it('adds an identity to the member who began it, and the session stays as it was', async () => {
    const browser = house.browser()
    await signUp(browser, 'kakao')
    const before = await sessionOf(browser)
    const page = await browser.goto('/auth/link/google?returnTo=/account', { initiator: 'page' })
    expect(page.url.pathname + page.url.search).toBe('/account')
    expect(await linked(browser)).toEqual(['kakao', 'google'])
    expect(await sessionOf(browser)).toEqual(before)
  })

  it('lets the person sign in by either provider from then on', async () => {
    const browser = house.browser()
    await signUp(browser, 'kakao')
    await browser.goto('/auth/link/google', { initiator: 'page' })
    const { user } = (await sessionOf(browser)) as { user: { id: string } }
    const person = house.world.provider('google').lastPerson
    const elsewhere = house.browser()
    house.world.provider('google').as(person ?? 'returning')
    await elsewhere.goto('/auth/login/google')
    house.world.provider('google').as('newcomer')
    expect(await sessionOf(elsewhere)).toMatchObject({
      state: 'member',
      provider: 'google',
      user: { id: user.id },
    })
  })

  it('never takes an identity from another user', async () => {
    const first = house.browser()
    await signUp(first, 'google')
    const taken = house.world.provider('google').lastPerson
    const second = house.browser()
    await signUp(second, 'kakao')
    house.world.provider('google').as(taken ?? 'returning')
    const page = await second.goto('/auth/link/google?returnTo=/account%3Ftab=1%23links', {
      initiator: 'page',
    })
    house.world.provider('google').as('newcomer')
    expect(page.url.pathname + page.url.search + page.url.hash).toBe(
      '/account?tab=1&error=identity-conflict&provider=google#links',
    )
    expect(await linked(second)).toEqual(['kakao'])
    expect(await sessionOf(second)).toMatchObject({ state: 'member', provider: 'kakao' })
  })

  it('is never done by e-mail: the same address at two providers is two users', async () => {
    const email = 'same@example.com'
    const ids: string[] = []
    for (const provider of ['kakao', 'google'] as const) {
      const simulated = house.world.provider(provider)
      simulated.as(simulated.newPerson({ email, emailVerified: true }))
      const page = await signUp(house.browser(), provider)
      simulated.as('newcomer')
      ids.push(page.json<{ user: { id: string } }>().user.id)
    }
    expect(new Set(ids).size).toBe(2)
  })

  it('says on the page that wanted it when the person says no', async () => {
    const browser = house.browser()
    await signUp(browser, 'kakao')
    house.world.provider('google').as('deny')
    const page = await browser.goto('/auth/link/google?returnTo=/account', { initiator: 'page' })
    house.world.provider('google').as('newcomer')
    expect(page.url.pathname + page.url.search).toBe('/account?error=login-denied&provider=google')
    expect(await sessionOf(browser)).toMatchObject({ state: 'member' })
  })

  it('is not finished once the session that began it has ended', async () => {
    // browser: begins to link, signs out; somebody else signs in; the callback must not link to either
    const browser = house.browser()
    await signUp(browser, 'kakao')
    const { authorize } = await beginLink(browser, '/auth/link/google?returnTo=/account')
    await browser.fetch('/auth/logout', { method: 'POST' })
    await signUp(browser, 'naver')
    const page = await browser.goto(authorize.href)
    expect(page.url.searchParams.get('error')).toBe('login-expired')
    expect(await linked(browser)).toEqual(['naver'])
  })

  it('sends a stranger to the login page, and back to what they wanted', async () => {
    const page = await house.browser().fetch('/auth/link/google?returnTo=/account')
    expect([page.hops[0]?.status, page.hops[0]?.headers.location]).toEqual([
      303,
      '/login?returnTo=%2Faccount',
    ])
  })

  it('is refused to whoever has not signed up', async () => {
    const browser = house.browser()
    await browser.goto('/auth/login/kakao')
    const page = await browser.fetch('/auth/link/google')
    expect([page.status, codeOf(page)]).toEqual([403, 'sign-up-required'])
  })

  it.each([
    [{ 'sec-fetch-site': 'cross-site' }],
    [{ 'sec-fetch-site': 'same-site' }],
    [{ 'sec-fetch-site': 'none' }],
    [{ 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' }],
  ])('does not begin from elsewhere: %j', async (headers) => {
    const browser = house.browser()
    await signUp(browser, 'kakao')
    const page = await browser.fetch('/auth/link/google', { headers: headers as Record<string, string> })
    expect([page.status, codeOf(page)]).toEqual([403, 'cross-site-request'])
  })

  it('wants a sign-in not older than ten minutes, and says where to renew it', async () => {
    const browser = house.browser()
    await signUp(browser, 'kakao')
    house.world.advance(10 * 60_000 + 1000)
    for (const [path, method] of [
      ['/auth/link/google', 'GET'],
      ['/auth/identities/kakao', 'DELETE'],
      ['/auth/account', 'DELETE'],
    ] as const) {
      const page = await browser.fetch(path, { method })
      expect([path, page.status, page.json<object>()]).toEqual([
        path,
        401,
        expect.objectContaining({
          code: 'reauthentication-required',
          loginUrl: '/auth/login/kakao?intent=reauthenticate',
        }),
      ])
    }
    house.world.provider('kakao').as('returning')
    await browser.goto('/auth/login/kakao?intent=reauthenticate')
    house.world.provider('kakao').as('newcomer')
    await browser.goto('/auth/link/google', { initiator: 'page' })
    expect(await linked(browser)).toEqual(['kakao', 'google'])
  })
})

describe('unlinking', () => {
  it('takes one way to sign in away', async () => {
    const browser = house.browser()
    await signUp(browser, 'kakao')
    await browser.goto('/auth/link/google', { initiator: 'page' })
    const page = await browser.fetch('/auth/identities/google', { method: 'DELETE' })
    expect([page.status, page.text]).toEqual([204, ''])
    expect(await linked(browser)).toEqual(['kakao'])
  })

  it('ends the sessions that the identity began, but not the one that asks', async () => {
    const browser = house.browser()
    await signUp(browser, 'kakao')
    await browser.goto('/auth/link/google', { initiator: 'page' })
    const google = house.world.provider('google')
    google.as(google.lastPerson ?? 'returning')
    const [phone, tablet] = [house.browser(), house.browser()]
    for (const device of [phone, tablet]) await device.goto('/auth/login/google')
    google.as('newcomer')
    house.world.provider('kakao').as('returning')
    const other = house.browser()
    await other.goto('/auth/login/kakao')
    house.world.provider('kakao').as('newcomer')
    expect((await phone.fetch('/auth/identities/google', { method: 'DELETE' })).status).toBe(204)
    expect(await sessionOf(tablet)).toEqual({ state: 'anonymous', reason: 'ended-elsewhere' })
    for (const left of [phone, browser, other])
      expect(await sessionOf(left)).toMatchObject({ state: 'member' })
  })

  it('never takes the last', async () => {
    const browser = house.browser()
    await signUp(browser, 'kakao')
    const page = await browser.fetch('/auth/identities/kakao', { method: 'DELETE' })
    expect([page.status, codeOf(page)]).toEqual([409, 'last-identity'])
    expect(await linked(browser)).toEqual(['kakao'])
  })

  it('knows only what is linked', async () => {
    const browser = house.browser()
    await signUp(browser, 'kakao')
    const page = await browser.fetch('/auth/identities/google', { method: 'DELETE' })
    expect([page.status, codeOf(page)]).toEqual([404, 'not-found'])
  })
})

/** The redirect to the provider, from a page of ours. */
async function beginLink(browser: Browser, path: string): Promise<{ authorize: URL }> {
  const { hops } = await browser.goto(path, { click: false, initiator: 'page' })
  return { authorize: new URL(hops[0]?.headers.location as string) }
}
