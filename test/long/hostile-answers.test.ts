import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { endlessAnswers, late, loginAgainst } from '../support/hostile-answers.ts'
import { type House, openHouse } from '../support/house.ts'

let house: House
beforeAll(async () => {
  house = await openHouse({ providers: ['acme'] })
})
afterAll(() => house.close())

const failed = '/login?error=provider-unavailable&provider=acme&returnTo=%2Fkept'

describe.each(['token', 'jwks', 'userinfo'])('a callback whose %s endpoint answers with', (endpoint) => {
  it.each(endlessAnswers)('%s comes to its end within ten seconds', async (_what, fault) => {
    const { page, tookMs, session } = await loginAgainst(house, endpoint, fault)
    expect([page, session]).toEqual([failed, false])
    expect(tookMs).toBeLessThan(10_000)
  })
})

describe('a provider that is slow everywhere, each time within the limit of one call', () => {
  it('is given ten seconds for the whole callback', async () => {
    const { page, tookMs, session } = await loginAgainst(house, ['token', 'jwks', 'userinfo'], late(4_500))
    expect([page, session]).toEqual([failed, false])
    expect(tookMs).toBeGreaterThan(9_000)
    expect(tookMs).toBeLessThan(10_500)
  })
})
