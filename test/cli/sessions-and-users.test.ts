import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type House, openHouse, sessionOf, signUp } from '../support/house.ts'
import { freshPrefix, redisUrl } from '../support/services.ts'
import { coatcheck } from './terminal.ts'

let house: House
beforeAll(async () => {
  house = await openHouse({ env: { REDIS_URL: redisUrl(), REDIS_PREFIX: freshPrefix() } })
})
afterAll(() => house.close())

/** A member of the house, and their id. */
async function member() {
  const browser = house.browser()
  const kakao = house.world.provider('kakao')
  kakao.as(kakao.newPerson())
  const page = await signUp(browser)
  return { browser, id: page.json<{ user: { id: string } }>().user.id }
}
const support = (args: string) => coatcheck(args, house.env, house.world.now)
const stateOf = async (browser: ReturnType<House['browser']>) => {
  const { state, reason } = await sessionOf(browser)
  return reason === undefined ? state : `${state}: ${reason}`
}

describe('coatcheck sessions', () => {
  it('lists where a user is signed in', async () => {
    const { id, browser } = await member()
    const { code, json } = await support(`sessions list --user ${id} --json`)
    const own = await sessionOf(browser)
    expect({ code, sessions: json()['sessions'] }).toEqual({
      code: 0,
      sessions: [
        {
          id: own['sessionId'],
          provider: 'kakao',
          device: expect.any(String),
          createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
          lastSeenAt: expect.stringMatching(/^\d{4}-.*Z$/),
        },
      ],
    })
    const { out } = await support(`sessions list --user ${id}`)
    expect(out[0]).toMatch(/^SESSION +PROVIDER +DEVICE/)
    expect(out[1]).toContain(own['sessionId'])
  })

  it('ends one of them, and only a user’s own', async () => {
    const { id, browser } = await member()
    const other = await member()
    const { sessionId } = await sessionOf(browser)
    const foreign = await support(`sessions end --user ${other.id} --session ${sessionId}`)
    expect(foreign).toMatchObject({ code: 1, out: ['sessions ended: 0'] })
    expect(await stateOf(browser)).toBe('member')
    const own = await support(`sessions end --user ${id} --session ${sessionId}`)
    expect(own).toMatchObject({ code: 0, out: ['sessions ended: 1'] })
    expect(await stateOf(browser)).toBe('anonymous: ended-elsewhere')
  })

  it('takes an id that begins with a dash for an id', async () => {
    const { id } = await member()
    const { code, out } = await support(`sessions end --user ${id} --session -n0t-signed-in`)
    expect({ code, out }).toEqual({ code: 1, out: ['sessions ended: 0'] })
    const forgotten = await support(`sessions end --session --user ${id}`)
    expect(forgotten.code).toBe(2)
  })

  it('ends all of them', async () => {
    const { id, browser } = await member()
    expect((await support(`sessions end --user ${id} --json`)).json()).toEqual({ ended: 1 })
    expect(await stateOf(browser)).toBe('anonymous: ended-elsewhere')
    expect((await support(`sessions list --user ${id}`)).out[0]).toBe('Not signed in anywhere.')
  })

  it('says why sessions ended', async () => {
    const { id, browser } = await member()
    await browser.fetch('/auth/logout', { method: 'POST' })
    await browser.goto('/auth/login/kakao')
    await support(`sessions end --user ${id}`)
    const { sessions, ended } = (await support(`sessions list --user ${id} --json`)).json<{
      sessions: readonly unknown[]
      ended: readonly { reason: string; endedAt: string }[]
    }>()
    expect(sessions).toEqual([])
    expect(ended.map(({ reason }) => reason)).toEqual(['ended-elsewhere', 'signed-out'])
    const { out } = await support(`sessions list --user ${id}`)
    expect(out.find((line) => line.endsWith(' signed-out'))).toContain('kakao')
  })

  it('says so for 30 days', async () => {
    const { id, browser } = await member()
    await browser.fetch('/auth/logout', { method: 'POST' })
    const monthMs = 30 * 24 * 60 * 60 * 1000
    house.world.advance(monthMs - 60_000)
    expect((await support(`sessions list --user ${id}`)).out.at(-1)).toMatch(/ signed-out$/)
    house.world.advance(60_000)
    expect((await support(`sessions list --user ${id}`)).out).toEqual(['Not signed in anywhere.'])
    expect((await support(`sessions list --user ${id} --json`)).json()).toEqual({ sessions: [], ended: [] })
  })

  it('says so where sessions live in another process', async () => {
    const { code, err } = await coatcheck('sessions list --user x', { ...house.env, REDIS_URL: '' })
    expect({ code, err }).toEqual({ code: 1, err: [expect.stringContaining('REDIS_URL')] })
  })

  it('says so when Redis is away', async () => {
    const away = { ...house.env, REDIS_URL: 'redis://127.0.0.1:1' }
    const { code, err } = await coatcheck('sessions list --user x', away)
    expect({ code, err }).toEqual({ code: 1, err: [expect.stringContaining('Redis does not answer')] })
  })
})

describe('coatcheck users', () => {
  it('lists them with what they sign in with', async () => {
    const { id } = await member()
    const { users } = (await support('users list --json')).json<{ users: readonly { id: string }[] }>()
    expect(users.find((user) => user.id === id)).toEqual({
      id,
      disabled: false,
      createdAt: expect.any(String),
      profile: { nickname: expect.any(String), characterName: 'Mira' },
      identities: [expect.objectContaining({ provider: 'kakao', subject: expect.any(String) })],
    })
    expect((await support('users list --limit 1')).out).toHaveLength(2)
    expect((await support('users list --limit many')).code).toBe(1)
  })

  it('adds one who may then sign in although sign-up is closed', async () => {
    const closed = await openHouse({ env: { SIGNUP: 'closed' } })
    try {
      const kakao = closed.world.provider('kakao')
      const person = kakao.newPerson()
      kakao.as(person)
      const browser = closed.browser()
      await browser.goto('/auth/login/kakao')
      expect(await stateOf(browser)).toBe('anonymous')
      const added = await coatcheck(`users add --provider kakao --subject ${person.subject}`, closed.env)
      expect(added).toMatchObject({ code: 0, out: [expect.stringMatching(/^[0-9a-f-]{36}$/)] })
      await browser.goto('/auth/login/kakao')
      expect(await stateOf(browser)).toBe('member')
      const again = await coatcheck(`users add --provider kakao --subject ${person.subject}`, closed.env)
      expect(again).toMatchObject({ code: 1, err: [expect.stringContaining('has this identity already')] })
    } finally {
      await closed.close()
    }
  })

  it('adds nobody for a provider that is not there', async () => {
    expect(await support('users add --provider naver --subject 1')).toMatchObject({ code: 1 })
  })

  it('ends a disabled user’s sessions at once, until they are enabled again', async () => {
    const { id, browser } = await member()
    expect(await support(`users disable --user ${id}`)).toMatchObject({
      code: 0,
      out: [`disabled ${id}, sessions ended: 1`],
    })
    expect(await stateOf(browser)).toBe('anonymous: account-disabled')
    const refused = await browser.goto('/auth/login/kakao')
    expect(refused.url.searchParams.get('error')).toBe('account-disabled')
    expect((await support(`users enable --user ${id}`)).out).toEqual([`enabled ${id}`])
    await browser.goto('/auth/login/kakao')
    expect(await stateOf(browser)).toBe('member')
  })

  it('deletes one with their sessions', async () => {
    const { id, browser } = await member()
    expect((await support(`users delete --user ${id} --json`)).json()).toEqual({
      user: { id },
      found: true,
      sessionsEnded: 1,
    })
    expect(await stateOf(browser)).toMatch(/^anonymous/)
  })

  it.each(['disable', 'enable', 'delete'])('%s exits 1 for somebody unknown', async (verb) => {
    const { code, err } = await support(`users ${verb} --user 00000000-0000-4000-8000-000000000000`)
    expect({ code, err }).toEqual({ code: 1, err: [expect.stringContaining('There is no user')] })
  })
})
