import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { randomToken } from '../../src/crypto/random.ts'
import { createSealer } from '../../src/crypto/seal.ts'
import { attemptName, createAttemptJar } from '../../src/login/attempt.ts'
import type { Browser } from '../../src/testing/world.ts'
import { askAt } from '../support/ask.ts'
import { beginLogin, type House, openHouse, signUp } from '../support/house.ts'

const origin = 'https://localhost:3000'
let house: House
let plain: House
beforeAll(async () => {
  house = await openHouse({ providers: ['kakao', 'acme'], env: { PUBLIC_URL: origin } })
  plain = await openHouse({ providers: ['kakao', 'acme'] })
})
afterAll(() => Promise.all([house.close(), plain.close()]))

describe('an attempt’s cookie, over https', () => {
  it('is Secure, bound to this very host, closed to scripts and gone after ten minutes', async () => {
    const { headers } = await askAt(origin, house.coatcheck.app).get('/auth/login/acme')
    expect(headers['set-cookie']).toEqual([
      expect.stringMatching(
        /^__Host-login-[\w-]{22}=[\w-]+; Max-Age=600; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
      ),
    ])
  })

  it('holds nothing that can be read: neither state, nonce, verifier nor where it leads', async () => {
    const { headers } = await askAt(origin, house.coatcheck.app).get('/auth/login/acme?returnTo=/diary')
    const [cookie = ''] = headers['set-cookie'] as unknown as string[]
    const asked = new URL(headers['location'] as string).searchParams
    const value = cookie.slice(cookie.indexOf('=') + 1, cookie.indexOf(';'))
    const bytes = Buffer.from(value, 'base64url').toString('latin1')
    for (const secret of [asked.get('state'), asked.get('nonce'), 'diary', 'acme', 'codeVerifier'])
      for (const text of [cookie, bytes]) expect(text).not.toContain(secret)
  })

  it('stays below 2,200 bytes whatever it has to remember', () => {
    const lines: string[] = []
    const jar = createAttemptJar({
      sealer: createSealer([randomBytes(32).toString('hex')], 'attempt'),
      clock: () => Date.now(),
      secure: true,
    })
    const longest = randomBytes(32).toString('base64url')
    jar.add(
      { headers: {} } as Parameters<typeof jar.add>[0],
      { appendHeader: (_name: string, line: string) => lines.push(line) } as unknown as Parameters<
        typeof jar.add
      >[1],
      {
        provider: `a${'b'.repeat(30)}`,
        purpose: 'login',
        checks: { state: longest, nonce: longest, codeVerifier: longest, authenticatedAfter: Date.now() },
        returnTo: `/${'a'.repeat(1023)}`,
        starter: longest,
        startedAt: Date.now(),
        key: randomToken(16),
      },
    )
    const [pair = ''] = lines[0]?.split(';') ?? []
    expect(pair.length).toBeGreaterThan(1_900)
    expect(pair.length).toBeLessThanOrEqual(2_200)
  })
})

describe('the attempts of one browser', () => {
  const long = (index: number) => `/${index}?q=${'%ED%95%9C'.repeat(110)}`
  const attemptsIn = (browser: Browser) => browser.cookies().filter(({ name }) => name.startsWith('login-'))
  const bytesOf = (browser: Browser) =>
    attemptsIn(browser).reduce((sum, { name, value }) => sum + name.length + value.length + 3, 0)

  it('are five at most', async () => {
    const browser = plain.browser()
    for (let index = 0; index < 7; index++) await beginLogin(browser, `/auth/login/acme?returnTo=/${index}`)
    expect(attemptsIn(browser)).toHaveLength(5)
  })

  it('take 4 KB of its Cookie header at most, and the newest stay', async () => {
    const browser = plain.browser()
    const states = []
    for (let index = 0; index < 5; index++) {
      states.push(
        (await beginLogin(browser, `/auth/login/acme?returnTo=${encodeURIComponent(long(index))}`)).state,
      )
      expect(bytesOf(browser)).toBeLessThanOrEqual(4096)
    }
    expect(attemptsIn(browser)).toHaveLength(2)
    const names = attemptsIn(browser).map(({ name }) => name)
    expect(names.sort()).toEqual(
      states
        .slice(-2)
        .map((state) => `login-${attemptName(state)}`)
        .sort(),
    )
  })

  it.each<[string, string, 'newcomer' | 'deny']>([
    ['a login', long(9), 'newcomer'],
    ['a denial', long(9), 'deny'],
    ['a denial with an address of ampersands', `/?${'&'.repeat(1020)}`, 'deny'],
    ['a denial with an address full of parameters', `/?${'a=1&'.repeat(250)}`, 'deny'],
  ])('leave the headers of the callback’s answer below 3 KB after %s', async (_, returnTo, persona) => {
    const browser = plain.browser()
    for (let index = 0; index < 4; index++) await beginLogin(browser, `/auth/login/acme?returnTo=/${index}`)
    plain.world.provider('acme').as(persona)
    const { hops } = await browser.goto(`/auth/login/acme?returnTo=${encodeURIComponent(returnTo)}`)
    plain.world.provider('acme').as('newcomer')
    const callback = hops.find(({ url }) => url.pathname === '/auth/callback/acme')
    const lines = Object.entries(callback?.headers ?? {}).flatMap(([name, value]) =>
      [value ?? []].flat().map((one) => `${name}: ${one}\r\n`),
    )
    expect(lines.join('').length).toBeGreaterThan(500)
    expect(lines.join('').length).toBeLessThan(3 * 1024)
  })

  it('that are under way when one succeeds finish in the new session, their cookies unchanged', async () => {
    const browser = plain.browser()
    const other = await beginLogin(browser, '/auth/login/acme?returnTo=/second')
    const before = attemptsIn(browser).find(({ name }) => name === `login-${attemptName(other.state)}`)
    await signUp(browser, 'kakao')
    const after = attemptsIn(browser).find(({ name }) => name === before?.name)
    expect(after?.value).toBe(before?.value)
    // The session that kakao began has been replaced by sign-up: what was under way in it is over.
    expect((await browser.goto(other.authorize.href)).url.searchParams.get('error')).toBe('login-expired')
  })
})
