import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Browser } from '../../src/testing/world.ts'
import { coatcheck } from '../cli/terminal.ts'
import { type House, openHouse, sessionOf, signUp } from '../support/house.ts'
import { freshPrefix, redisUrl } from '../support/services.ts'

let house: House
let browser: Browser
let id: string
const users = (command: string) => coatcheck(`users ${command} --user ${id}`, house.env, house.world.now)
const again = async () => {
  const other = house.browser()
  house.world.provider('kakao').as('returning')
  const { pathname, search } = (await other.goto('/auth/login/kakao?returnTo=/here')).url
  return { other, page: pathname + search }
}

beforeAll(async () => {
  house = await openHouse({ env: { REDIS_URL: redisUrl(), REDIS_PREFIX: freshPrefix() } })
  browser = house.browser()
  id = (await signUp(browser)).json<{ user: { id: string } }>().user.id
})
afterAll(() => house.close())

describe('a user who is disabled while signed in', () => {
  it('is signed out everywhere at once, and told why', async () => {
    const { other } = await again()
    expect((await users('disable')).code).toBe(0)
    for (const one of [browser, other]) {
      expect((await one.fetch('/api/x')).status).toBe(401)
      expect(await sessionOf(one)).toEqual({ state: 'anonymous', reason: 'account-disabled' })
    }
  })

  it('is turned away at the callback, with no session and no sign-up', async () => {
    const { other, page } = await again()
    expect(page).toBe('/login?error=account-disabled&provider=kakao&returnTo=%2Fhere')
    expect(other.cookies()).toEqual([])
    expect(await sessionOf(other)).toEqual({ state: 'anonymous' })
  })

  it('signs in again as the same user once enabled', async () => {
    await users('enable')
    const { other, page } = await again()
    expect(page).toBe('/here')
    expect(await sessionOf(other)).toMatchObject({ state: 'member', user: { id } })
  })

  it('who is deleted is a newcomer when they come back', async () => {
    const { other } = await again()
    await users('delete')
    expect(await sessionOf(other)).toMatchObject({ state: 'anonymous' })
    expect((await again()).page).toBe('/signup')
  })
})
