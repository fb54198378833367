import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from '@jest/globals'
import { decodeJwt } from 'jose'
import { type House, openHouse, sessionOf, signUp } from '../support/house.ts'
import { type PostgresServer, startPostgres } from '../support/postgres-server.ts'
import { freshDatabase } from '../support/services.ts'
import { comeBack } from '../users/come-back.ts'

let house: House
afterEach(() => house.close())

/** The claims of the token that the API saw last. */
function lastClaims(): Record<string, unknown> {
  const authorization = house.api.requests.at(-1)?.headers.authorization ?? ''
  return decodeJwt(authorization.replace('Bearer ', ''))
}

describe('sign-up, in the whole house', () => {
  it('on PostgreSQL: 15 newcomers want one name, and one gets it', async () => {
    house = await openHouse({ env: { DATABASE_URL: await freshDatabase() } })
    const browsers = Array.from({ length: 15 }, () => house.browser())
    for (const browser of browsers) await browser.goto('/auth/login/kakao')
    const answers = await Promise.all(
      browsers.map((browser) =>
        browser.fetch('/auth/signup', { method: 'POST', json: { nickname: '둘리', characterName: 'x' } }),
      ),
    )
    const statuses = answers.map(({ status }) => status)
    expect(statuses.toSorted()).toEqual([201, ...Array(14).fill(409)])
  })

  it('tells the API the new name at the next call', async () => {
    house = await openHouse()
    const browser = house.browser()
    await signUp(browser, 'kakao', 'before')
    await browser.fetch('/api/x')
    expect(lastClaims()).toMatchObject({ nickname: 'before', characterName: 'Mira' })
    const changed = await browser.fetch('/auth/user', { method: 'PATCH', json: { nickname: 'after' } })
    expect([changed.status, changed.json()]).toMatchObject([200, { user: { nickname: 'after' } }])
    await browser.fetch('/api/x')
    expect(lastClaims()).toMatchObject({ nickname: 'after', characterName: 'Mira' })
    expect(await sessionOf(browser)).toMatchObject({ user: { nickname: 'after' } })
  })

  it('goes by the operator’s schema, whose properties reach the session and the token', async () => {
    const schema = join(mkdtempSync(join(tmpdir(), 'coatcheck-schema-')), 'signup.json')
    writeFileSync(schema, JSON.stringify({ properties: { handle: { type: 'string', maxLength: 9 } } }))
    house = await openHouse({ env: { SIGNUP_SCHEMA: schema } })
    const browser = house.browser()
    await browser.goto('/auth/login/kakao')
    const answer = await browser.fetch('/auth/signup', { method: 'POST', json: { handle: ' me ' } })
    expect(answer.json()).toMatchObject({ user: { handle: 'me' } })
    await browser.fetch('/api/x')
    expect(lastClaims()).toMatchObject({ handle: 'me' })
  })

  it('without a form: the first login makes the user, and the next one finds it', async () => {
    house = await openHouse({ env: { SIGNUP: 'auto' } })
    const browser = house.browser()
    await browser.goto('/auth/login/kakao')
    const session = await sessionOf(browser)
    expect(session).toMatchObject({
      state: 'member',
      user: { id: expect.any(String), nickname: expect.any(String) },
    })
    house.world.provider('kakao').as('returning')
    await browser.goto('/auth/login/kakao')
    expect(await sessionOf(browser)).toMatchObject({ user: session['user'] })
  })
})

describe('while PostgreSQL is down', () => {
  let postgres: PostgresServer
  afterEach(() => postgres.stop())

  it('members’ calls go on, sign-up and first logins are told to wait, and all is well when it is back', async () => {
    postgres = await startPostgres()
    house = await openHouse({ env: { DATABASE_URL: postgres.url } })
    const [member, registering] = [house.browser(), house.browser()]
    await signUp(member)
    await registering.goto('/auth/login/kakao')
    await postgres.kill()

    expect((await member.fetch('/api/x')).status).toBe(200)
    expect(await sessionOf(member)).toMatchObject({ state: 'member' })
    const body = { nickname: 'kim', characterName: 'x' }
    const refused = [
      await registering.fetch('/auth/signup', { method: 'POST', json: body }),
      await registering.fetch('/auth/signup/availability?nickname=kim'),
      await member.fetch('/auth/user', { method: 'PATCH', json: { nickname: 'lee' } }),
    ]
    for (const page of refused) {
      expect([page.status, page.json<{ code: string }>().code]).toEqual([503, 'user-directory-unavailable'])
      expect(page.headers['retry-after']).toMatch(/^\d+$/)
    }
    expect((await house.browser().goto('/auth/login/kakao')).url.search).toMatch(
      /^\?error=temporarily-unavailable&provider=kakao/,
    )

    await comeBack(postgres)
    const answer = await registering.fetch('/auth/signup', { method: 'POST', json: body })
    expect([answer.status, answer.text]).toEqual([201, expect.stringContaining('kim')])
  })
})
