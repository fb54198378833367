import { afterEach, describe, expect, it } from '@jest/globals'
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import { type House, openHouse, sessionOf, signUp } from '../support/house.ts'

let house: House
afterEach(() => house.close())

function lastToken(): string {
  return (house.api.requests.at(-1)?.headers.authorization ?? '').replace('Bearer ', '')
}

describe('what the API receives', () => {
  it('is a token that the published keys verify, and that says who is calling', async () => {
    house = await openHouse()
    const browser = house.browser()
    await signUp(browser, 'kakao', 'Haneul')
    await browser.fetch('/api/notes')
    const keys = (await browser.fetch('/.well-known/jwks.json')).json() as unknown as JSONWebKeySet
    const origin = house.env['PUBLIC_URL'] as string
    const { payload } = await jwtVerify(lastToken(), createLocalJWKSet(keys), {
      issuer: origin,
      audience: origin,
      typ: 'at+jwt',
      currentDate: new Date(house.world.now()),
    })
    const { user, sessionId } = await sessionOf(browser)
    expect(payload).toMatchObject({
      sub: (user as { id: string }).id,
      sid: sessionId,
      provider: 'kakao',
      client_id: 'coatcheck',
      nickname: 'Haneul',
      characterName: 'Mira',
    })
  })

  it('is one token for many calls, and another one before it would be too old', async () => {
    house = await openHouse()
    const browser = house.browser()
    await signUp(browser)
    const tokens = new Set<string>()
    for (let call = 0; call < 5; call += 1) {
      await browser.fetch('/api/notes')
      tokens.add(lastToken())
    }
    expect(tokens.size).toBe(1)
    house.world.advance(280_000)
    await browser.fetch('/api/notes')
    expect(tokens).not.toContain(lastToken())
  })

  it("is the provider's token with API_TOKEN=provider, refreshed when it has run out", async () => {
    house = await openHouse({ env: { API_TOKEN: 'provider' } })
    const browser = house.browser()
    await signUp(browser)
    await browser.fetch('/api/notes')
    const first = lastToken()
    expect(first).not.toBe('')
    expect(first).not.toContain('.ey')
    house.world.advance(7 * 3_600_000)
    expect((await browser.fetch('/api/notes')).status).toBe(200)
    expect(lastToken()).not.toBe(first)
  })
})
