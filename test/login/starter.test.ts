import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { beginLogin, callBack, type House, openHouse, sessionOf, signUp } from '../support/house.ts'

let house: House
beforeAll(async () => {
  house = await openHouse({ providers: ['kakao', 'google'] })
})
afterAll(() => house.close())

describe('a callback whose session was ended meanwhile', () => {
  it.each(['/auth/login/google', '/auth/link/google'])(
    'after %s spends no code and sets no cookie but its own',
    async (path) => {
      // RFC 9700 update, cross-user session fixation: what one session began, no other finishes.
      const browser = house.browser()
      await signUp(browser)
      await browser.goto('/')
      const { state } = await beginLogin(browser, path)
      await browser.fetch('/auth/logout', { method: 'POST' })
      const before = house.world.provider('google').requestsTo('token').length
      const { location, setCookie } = await callBack(browser, 'google', { code: 'x', state })
      expect(location).toMatch(/[?&]error=login-expired/)
      expect(house.world.provider('google').requestsTo('token')).toHaveLength(before)
      expect(setCookie).toEqual([expect.stringMatching(/^login-[\w-]+=; Max-Age=0;/)])
    },
  )
})

describe('a session that is ended while the provider answers', () => {
  it.each(['/auth/login/google', '/auth/link/google'])(
    'takes what began in it along: %s neither signs in nor links',
    async (path) => {
      // browser:  GET callback ......(code to the provider)...... 303        other tab:  POST /auth/logout
      const browser = house.browser()
      await signUp(browser)
      await browser.goto('/')
      const google = house.world.provider('google')
      const person = google.newPerson({})
      google.as(person)
      google.fail('token', async (res, answer) => {
        await browser.fetch('/auth/logout', { method: 'POST' })
        const { status, headers, body } = await answer()
        res.writeHead(status, headers).end(body)
      })
      const page = await browser.goto(path)
      google.recover()
      expect(page.url.searchParams.get('error')).toBe('login-expired')
      expect(await sessionOf(browser)).toMatchObject({ state: 'anonymous' })
      // The identity is nobody's: whoever comes with it is a newcomer, not the user who left.
      const next = house.browser()
      await next.goto('/auth/login/google')
      google.as('newcomer')
      expect(await sessionOf(next)).toMatchObject({ state: 'registering' })
    },
  )
})
