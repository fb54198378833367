import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import supertest from 'supertest'
import type { Browser } from '../../src/testing/world.ts'
import { type House, openHouse, sessionOf, signUp } from '../support/house.ts'

let house: House
let browser: Browser
let cookie: string
beforeAll(async () => {
  house = await openHouse({ providers: ['kakao', 'google'] })
  browser = house.browser()
  await signUp(browser)
  await browser.goto('/auth/link/google', { initiator: 'page' })
  cookie = browser
    .cookies()
    .map(({ name, value }) => `${name}=${value}`)
    .join('; ')
})
afterAll(() => house.close())

type Method = 'get' | 'post' | 'patch' | 'delete' | 'options'

/** Exactly these headers, with the cookie of somebody who is signed in. */
function send(method: Method, path: string, headers: Readonly<Record<string, string>>) {
  const { host } = new URL(house.env['PUBLIC_URL'] as string)
  return supertest(house.coatcheck.app)
    [method](path)
    .set({ Host: host, Cookie: cookie, ...headers })
}

/** Every address under /auth that changes something for a member. */
const changing: readonly (readonly [Method, string])[] = [
  ['post', '/auth/logout'],
  ['patch', '/auth/user'],
  ['delete', '/auth/sessions'],
  ['delete', '/auth/sessions/x'],
  ['delete', '/auth/identities/google'],
  ['delete', '/auth/account'],
]

/** What a page elsewhere can make a browser say; a simple request needs no preflight (Fetch §2.2.2). */
const elsewhere: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['another site', { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.example' }],
  ['a sibling subdomain', { 'Sec-Fetch-Site': 'same-site', Origin: 'https://blog.app.example' }],
  ['a bookmark', { 'Sec-Fetch-Site': 'none' }],
  ['another origin, in an older browser', { Origin: 'https://evil.example' }],
  ['a sandboxed frame, in an older browser', { Origin: 'null' }],
  ['nowhere', {}],
  ['nowhere, with another header', { 'X-Requested-With': 'XMLHttpRequest' }],
]

describe.each(elsewhere)('from %s', (_from, headers) => {
  it.each(changing)('%s %s is refused, whatever type of body it says to have', async (method, path) => {
    for (const type of ['application/json', 'text/plain', 'application/x-www-form-urlencoded']) {
      const { status, body } = await send(method, path, { ...headers, 'Content-Type': type }).send('{}')
      expect([type, status, body.code]).toEqual([type, 403, 'cross-site-request'])
    }
    expect(await sessionOf(browser)).toMatchObject({ state: 'member' })
  })
})

describe('a GET', () => {
  it('changes nothing: what does takes another method', async () => {
    for (const [, path] of changing.filter(([, path]) => path !== '/auth/sessions')) {
      const { status } = await send('get', path, { 'Sec-Fetch-Site': 'same-origin' })
      expect([path, status]).toEqual([path, 405])
    }
    expect(await sessionOf(browser)).toMatchObject({ state: 'member' })
  })
})

describe('another origin', () => {
  const paths = [
    '/auth/session',
    '/auth/providers',
    '/auth/login/kakao',
    '/.well-known/jwks.json',
    '/api/x',
    '/',
  ]

  it.each(paths)('is never allowed to read %s (CORS)', async (path) => {
    const preflight = { Origin: 'https://evil.example', 'Access-Control-Request-Method': 'GET' }
    for (const [method, headers] of [
      ['get', { Origin: 'https://evil.example' }],
      ['get', { Origin: house.env['PUBLIC_URL'] as string }],
      ['options', preflight],
    ] as const) {
      const answer = await send(method, path, headers)
      const allowing = Object.keys(answer.headers).filter((name) => name.startsWith('access-control-'))
      expect(allowing).toEqual([])
    }
  })

  it('cannot embed what is said of a person (CORP), nor have it taken for a script', async () => {
    for (const path of ['/auth/session', '/auth/sessions', '/auth/identities']) {
      const { headers } = await send('get', path, { 'Sec-Fetch-Site': 'same-origin' })
      expect([headers['cross-origin-resource-policy'], headers['x-content-type-options']]).toEqual([
        'same-origin',
        'nosniff',
      ])
    }
  })
})
