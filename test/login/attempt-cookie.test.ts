import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import supertest from 'supertest'
import { createSealer } from '../../src/crypto/seal.ts'
import { createAttemptJar } from '../../src/login/attempt.ts'
import { type House, openHouse } from '../support/house.ts'

const origin = 'https://localhost:3000'
let house: House
beforeAll(async () => {
  house = await openHouse({ providers: ['kakao', 'acme'], env: { PUBLIC_URL: origin } })
})
afterAll(() => house.close())

describe('an attempt’s cookie, over https', () => {
  it('is Secure, bound to this very host, closed to scripts and gone after ten minutes', async () => {
    const { headers } = await supertest(house.coatcheck.app)
      .get('/auth/login/acme')
      .set('Host', 'localhost:3000')
    expect(headers['set-cookie']).toEqual([
      expect.stringMatching(
        /^__Host-login-[\w-]{22}=[\w-]+; Max-Age=600; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
      ),
    ])
  })

  it('holds nothing that can be read: neither state, nonce, verifier nor where it leads', async () => {
    const { headers } = await supertest(house.coatcheck.app).get('/auth/login/acme?returnTo=/diary')
    const [cookie = ''] = headers['set-cookie'] as unknown as string[]
    const asked = new URL(headers['location'] as string).searchParams
    const value = cookie.slice(cookie.indexOf('=') + 1, cookie.indexOf(';'))
    const bytes = Buffer.from(value, 'base64url').toString('latin1')
    for (const secret of [asked.get('state'), asked.get('nonce'), 'diary', 'acme', 'codeVerifier'])
      for (const text of [cookie, bytes]) expect(text).not.toContain(secret)
  })

  it('stays within 4,096 bytes whatever it has to remember (ASVS V3.3.5)', () => {
    const lines: string[] = []
    const jar = createAttemptJar({
      sealer: createSealer([randomBytes(32).toString('hex')], 'attempt'),
      clock: () => Date.now(),
      secure: true,
    })
    const longest = randomBytes(32).toString('hex')
    jar.add(
      { headers: {} } as Parameters<typeof jar.add>[0],
      { appendHeader: (_name: string, line: string) => lines.push(line) } as unknown as Parameters<
        typeof jar.add
      >[1],
      {
        provider: `a${'b'.repeat(30)}`,
        purpose: 'login',
        checks: { state: longest, nonce: longest, codeVerifier: longest, authenticatedAfter: Date.now() },
        // Each of them takes two bytes of JSON.
        returnTo: `/${'"'.repeat(1023)}`,
        starter: longest,
        startedAt: Date.now(),
      },
    )
    const [pair = ''] = lines[0]?.split(';') ?? []
    expect(pair.length).toBeGreaterThan(3_000)
    expect(pair.length).toBeLessThanOrEqual(4_096)
  })
})
