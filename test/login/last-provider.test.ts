import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Browser } from '../../src/testing/world.ts'
import { type House, openHouse, signUp } from '../support/house.ts'

let house: House
beforeAll(async () => {
  house = await openHouse({ providers: ['kakao', 'google'] })
})
afterAll(() => house.close())

async function lastUsed(browser: Browser): Promise<string[]> {
  const page = await browser.fetch('/auth/providers')
  expect(page.headers['cache-control']).toBe('no-store')
  const { providers } = page.json<{ providers: { id: string; lastUsed?: boolean }[] }>()
  return providers.filter((provider) => provider.lastUsed).map(({ id }) => id)
}

describe('the provider that this browser signed in with last', () => {
  it('is none for a newcomer', async () => {
    expect(await lastUsed(house.browser())).toEqual([])
  })

  it('is named from the first login on, sign-up finished or not, until the account is deleted', async () => {
    const browser = house.browser()
    const { hops } = await browser.goto('/auth/login/kakao')
    const lines = hops.flatMap(({ headers }) => headers['set-cookie'] ?? [])
    expect(lines).toContain('last-provider=kakao; Max-Age=31536000; Path=/; HttpOnly; SameSite=Lax')
    expect(await lastUsed(browser)).toEqual(['kakao'])
    await signUp(browser, 'google')
    expect(await lastUsed(browser)).toEqual(['google'])
    await browser.fetch('/auth/logout', { method: 'POST' })
    expect(await lastUsed(browser)).toEqual(['google'])
    await signUp(browser, 'google')
    expect((await browser.fetch('/auth/account', { method: 'DELETE' })).status).toBe(204)
    expect(await lastUsed(browser)).toEqual([])
  })

  it('is not changed by a login that fails or by a link', async () => {
    const browser = house.browser()
    await signUp(browser, 'kakao')
    await browser.goto('/auth/link/google', { initiator: 'page' })
    house.world.provider('google').as('deny')
    await browser.goto('/auth/login/google')
    house.world.provider('google').as('newcomer')
    expect(await lastUsed(browser)).toEqual(['kakao'])
  })

  it('is nothing that the API gets to see', async () => {
    const browser = house.browser()
    await signUp(browser, 'kakao')
    await browser.fetch('/api/x')
    expect(house.api.requests.at(-1)?.headers.cookie).toBeUndefined()
  })
})
