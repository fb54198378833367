import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { beginLogin, type House, openHouse, sessionOf, signUp } from '../support/house.ts'

let house: House
beforeAll(async () => {
  house = await openHouse({ providers: ['kakao', 'naver', 'google', 'acme'] })
})
afterAll(() => house.close())

describe('an intent', () => {
  it.each([
    ['kakao', 'reauthenticate', 'prompt', 'login'],
    ['kakao', 'select-account', 'prompt', 'select_account'],
    ['naver', 'reauthenticate', 'auth_type', 'reauthenticate'],
    ['naver', 'reconsent', 'auth_type', 'reprompt'],
    ['google', 'select-account', 'prompt', 'select_account'],
    ['acme', 'reauthenticate', 'prompt', 'login'],
  ])('at %s, %s is %s=%s', async (provider, intent, parameter, value) => {
    const { authorize } = await beginLogin(house.browser(), `/auth/login/${provider}?intent=${intent}`)
    expect(authorize.searchParams.get(parameter)).toBe(value)
  })

  it.each(['login', undefined])('%s asks for nothing special', async (intent) => {
    const { authorize } = await beginLogin(
      house.browser(),
      `/auth/login/kakao${intent ? `?intent=${intent}` : ''}`,
    )
    expect(authorize.searchParams.has('prompt')).toBe(false)
  })

  it.each([
    ['kakao', 'nonsense'],
    ['kakao', ''],
    ['kakao', 'reconsent'],
    ['naver', 'select-account'],
    ['google', 'reauthenticate'],
    ['kakao', '__proto__'],
  ])('that %s cannot do (%s) is refused', async (provider, intent) => {
    const page = await house.browser().fetch(`/auth/login/${provider}?intent=${intent}`)
    expect([page.status, page.json<{ code: string }>().code]).toEqual([400, 'invalid-request'])
  })

  it('to reauthenticate is not met by a sign-in of long ago', async () => {
    // The provider ignores prompt=login and answers with the session that it has had for an hour.
    const acme = house.world.provider('acme')
    acme.makeIdToken((claims) => ({ ...claims, auth_time: Math.floor(house.world.now() / 1000) - 3600 }))
    const browser = house.browser()
    const page = await browser.goto('/auth/login/acme?intent=reauthenticate')
    acme.makeIdToken((claims) => claims)
    expect(page.url.searchParams.get('error')).toBe('login-failed')
  })

  it('to reauthenticate makes the sign-in fresh again', async () => {
    const browser = house.browser()
    await signUp(browser, 'acme')
    house.world.advance(3600_000)
    expect((await browser.fetch('/auth/link/kakao')).status).toBe(401)
    house.world.provider('acme').as('returning')
    await browser.goto('/auth/login/acme?intent=reauthenticate')
    house.world.provider('acme').as('newcomer')
    expect(await sessionOf(browser)).toMatchObject({ state: 'member' })
    const { hops } = await browser.goto('/auth/link/kakao', { click: false, initiator: 'page' })
    expect(hops[0]?.status).toBe(302)
  })
})
