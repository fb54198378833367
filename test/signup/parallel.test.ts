import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { freshName, type House, openHouse } from '../support/house.ts'
import { freshDatabase } from '../support/services.ts'

describe.each(['SQLite', 'PostgreSQL'])('sign-ups at the same moment, on %s', (database) => {
  let house: House
  beforeAll(async () => {
    const env = database === 'PostgreSQL' ? { DATABASE_URL: await freshDatabase() } : {}
    house = await openHouse({ env })
  })
  afterAll(() => house.close())

  async function newcomer() {
    const browser = house.browser()
    await browser.goto('/auth/login/kakao')
    return browser
  }

  it('with one name, by a hundred people: one has it, ninety-nine are told that it is taken', async () => {
    const people = await Promise.all(Array.from({ length: 100 }, newcomer))
    const nickname = freshName()
    const answers = await Promise.all(
      people.map((browser, index) =>
        browser.fetch('/auth/signup', {
          method: 'POST',
          json: { nickname: index % 2 ? nickname : nickname.toUpperCase(), characterName: 'Mira' },
        }),
      ),
    )
    const statuses = answers.map(({ status }) => status)
    expect([
      statuses.filter((one) => one === 201).length,
      statuses.filter((one) => one === 409).length,
    ]).toEqual([1, 99])
    const [refused] = answers.filter(({ status }) => status === 409)
    expect(refused?.json()).toMatchObject({ code: 'name-taken', pointer: '/nickname' })
  })

  it('by one person in twenty tabs: one user', async () => {
    const browser = await newcomer()
    const cookie = browser.cookies('session').map(({ name, value }) => `${name}=${value}`)[0] as string
    const answers = await Promise.all(
      Array.from({ length: 20 }, () =>
        browser.fetch('/auth/signup', {
          method: 'POST',
          json: { nickname: freshName(), characterName: 'Mira' },
          headers: { cookie },
        }),
      ),
    )
    const ids = answers.flatMap((page) =>
      page.status === 201 ? [page.json<{ user: { id: string } }>().user.id] : [],
    )
    expect(new Set(ids).size).toBe(1)
    // A tab that comes after another has finished is a member's, or its ticket is dead: never a second user, never a 500.
    for (const { status } of answers) expect([201, 401, 409]).toContain(status)
  })
})
