import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { loginAgainst, marked, quickAnswers } from '../support/hostile-answers.ts'
import { type House, openHouse } from '../support/house.ts'

let house: House
beforeAll(async () => {
  house = await openHouse({ providers: ['acme'] })
})
afterAll(() => house.close())

describe.each(['token', 'jwks', 'userinfo'])('a callback whose %s endpoint answers with', (endpoint) => {
  it.each(quickAnswers)('%s ends on the login page at once, without a session', async (what, fault) => {
    const { page, tookMs, session } = await loginAgainst(house, endpoint, fault)
    // JSON that says nothing of the person: the provider was there, the login did not hold.
    const spoke = endpoint === 'userinfo' && (what === 'null' || what === 'an array')
    const code = spoke ? 'login-failed' : 'provider-unavailable'
    expect([page, session]).toEqual([`/login?error=${code}&provider=acme&returnTo=%2Fkept`, false])
    expect(tookMs).toBeLessThan(4_000)
  })

  it('a byte order mark in front of what it should say is understood', async () => {
    const { page, session } = await loginAgainst(house, endpoint, marked)
    expect([page, session]).toEqual(['/signup', true])
  })
})
