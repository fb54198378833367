import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import supertest from 'supertest'
import { createApp } from '../../examples/express-app/app.ts'
import type { Browser } from '../../src/testing/world.ts'
import { askAt } from '../support/ask.ts'
import { freshName, type House, openHouse, signUp } from '../support/house.ts'

let house: House
let app: ReturnType<typeof createApp>

beforeAll(async () => {
  house = await openHouse()
  app = createApp(house.coatcheck)
})
afterAll(() => house.close())

const visitor = () => house.world.browser(app)

function cookieOf(browser: Browser): string {
  return browser
    .cookies('session')
    .map(({ name, value }) => `${name}=${value}`)
    .join('; ')
}

describe('an Express application with coatcheck in it', () => {
  it('keeps its own routes, for strangers too', async () => {
    const { status, body } = await supertest(app).get('/hello')
    expect([status, body]).toEqual([200, { hello: 'stranger' }])
  })

  it('knows a member on its own routes: an id and the profile, nothing of the session', async () => {
    const browser = visitor()
    const nickname = freshName()
    const { user } = (await signUp(browser, 'kakao', nickname)).json<{ user: object }>()
    const { body } = await supertest(app).get('/hello').set('Cookie', cookieOf(browser))
    expect(body).toEqual({ hello: nickname })
    const request = { headers: { cookie: cookieOf(browser) } } as Parameters<typeof house.coatcheck.member>[0]
    expect(await house.coatcheck.member(request)).toEqual(user)
  })

  it('takes whoever has not finished signing up for a stranger', async () => {
    const browser = visitor()
    await browser.goto('/auth/login/kakao')
    expect((await browser.fetch('/auth/session')).json()).toMatchObject({ state: 'registering' })
    expect((await browser.fetch('/hello')).json()).toEqual({ hello: 'stranger' })
  })

  it('forgets the member at sign-out, and does not believe in a ticket of somebody’s making', async () => {
    const browser = visitor()
    await signUp(browser)
    const cookie = cookieOf(browser)
    await browser.fetch('/auth/logout', { method: 'POST' })
    for (const worthless of [cookie, 'session=s%3Aforged.forged'])
      expect((await supertest(app).get('/hello').set('Cookie', worthless)).body).toEqual({
        hello: 'stranger',
      })
  })

  it('changes nothing for a page of another origin, and parses bodies where it wants to', async () => {
    const browser = visitor()
    await signUp(browser)
    const put = () =>
      supertest(app).put('/hello').set('Cookie', cookieOf(browser)).send({ greeting: 'good evening' })
    expect((await put().set('Sec-Fetch-Site', 'same-site')).status).toBe(403)
    expect((await put().set('X-CSRF', '1')).status).toBe(204)
    expect((await browser.fetch('/hello')).json()).toMatchObject({ greeting: 'good evening' })
  })

  it('does not extend a session by asking whose it is', async () => {
    const browser = visitor()
    await signUp(browser)
    const expiresAt = async () =>
      (await browser.fetch('/auth/session')).json<{ expiresAt: string }>().expiresAt
    const before = await expiresAt()
    house.world.advance(3 * 3_600_000)
    await browser.fetch('/hello')
    expect(await expiresAt()).toBe(before)
  })

  it('leaves the rest to coatcheck: the API, and what is nowhere', async () => {
    const browser = visitor()
    await signUp(browser)
    const api = await browser.fetch('/api/echo', { method: 'POST', json: { a: 1 } })
    expect(api.json()).toEqual({ from: 'api' })
    expect(house.api.requests.at(-1)?.headers.authorization).toMatch(/^Bearer /)
    expect((await askAt(house.env['PUBLIC_URL'], app).get('/nowhere')).body).toMatchObject({
      code: 'not-found',
    })
  })
})
