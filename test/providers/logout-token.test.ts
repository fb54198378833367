import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose'
import { faults } from '../../src/testing/faults.ts'
import { type Room, startRoom } from './room.ts'

let room: Room
beforeAll(async () => {
  room = await startRoom({ ids: ['acme', 'naver'] })
})
afterAll(() => room.close())
afterEach(() => room.simulated('acme').recover())

const event = 'http://schemas.openid.net/event/backchannel-logout'
const read = async (token: string) =>
  room.provider('acme').account.readLogoutToken?.(token, AbortSignal.timeout(10_000))
const seconds = () => Math.floor(room.clock() / 1000)

describe('a logout token (OIDC Back-Channel Logout 1.0 §2.6)', () => {
  it('names a person, a session, or both', async () => {
    const make = (claims: JWTPayload) => room.simulated('acme').logoutToken({ jti: 'one', ...claims })
    await expect(read(await make({ sub: 'bora' }))).resolves.toEqual({ jti: 'one', subject: 'bora' })
    await expect(read(await make({ sid: 's-1' }))).resolves.toEqual({ jti: 'one', sid: 's-1' })
    await expect(read(await make({ sub: 'bora', sid: 's-1' }))).resolves.toEqual({
      jti: 'one',
      subject: 'bora',
      sid: 's-1',
    })
  })

  it.each<[string, () => Record<string, unknown>]>([
    ['another issuer', () => ({ iss: 'https://evil.example' })],
    ['another audience', () => ({ aud: 'somebody-else' })],
    ['no end', () => ({ exp: undefined })],
    ['an end in the past', () => ({ exp: seconds() - 31 })],
    ['no beginning', () => ({ iat: undefined })],
    ['a beginning in the future', () => ({ iat: seconds() + 120 })],
    ['a beginning long ago', () => ({ iat: seconds() - 3600 })],
    ['no jti', () => ({ jti: undefined })],
    ['a number for a jti', () => ({ jti: 5 })],
    ['no events', () => ({ events: undefined })],
    [
      'another event',
      () => ({ events: { 'https://schemas.openid.net/secevent/risc/event-type/account-disabled': {} } }),
    ],
    ['events that are a list', () => ({ events: [event] })],
    ['an event that is no object', () => ({ events: { [event]: true } })],
    ['a nonce', () => ({ nonce: 'n' })],
    ['neither person nor session', () => ({ sub: undefined })],
    ['a number for a person', () => ({ sub: 5 })],
  ])('with %s is refused', async (_, claims) => {
    const token = await room.simulated('acme').logoutToken({ sub: 'bora', ...claims() })
    await expect(read(token)).rejects.toMatchObject({ failure: 'stale-or-forged' })
  })

  it.each(['JWT', 'jwt', 'logout+jwt', 'application/logout+jwt', undefined])(
    'of type %s is good: many providers name none or JWT',
    async (typ) => {
      const token = await room.simulated('acme').logoutToken({ sub: 'bora' }, { typ } as { typ: string })
      await expect(read(token)).resolves.toMatchObject({ subject: 'bora' })
    },
  )

  it.each(['at+jwt', 'secevent+jwt', 'JOSE', ''])('of type %s is refused', async (typ) => {
    const token = await room.simulated('acme').logoutToken({ sub: 'bora' }, { typ })
    await expect(read(token)).rejects.toMatchObject({ failure: 'stale-or-forged' })
  })

  it('that is an ID token is refused', async () => {
    let idToken = ''
    room.simulated('acme').makeIdToken(async (claims) => {
      idToken = await room.simulated('acme').idTokens.sign(claims)
      return idToken
    })
    await room.login('acme')
    await expect(read(idToken)).rejects.toMatchObject({ failure: 'stale-or-forged' })
  })

  it.each<[string, (claims: JWTPayload) => string | Promise<string>]>([
    ['without a signature', (claims) => new UnsecuredJWT(claims).encode()],
    [
      'signed with the client secret',
      (claims) =>
        new SignJWT(claims)
          .setProtectedHeader({ alg: 'HS256', typ: 'logout+jwt' })
          .sign(new TextEncoder().encode(room.simulated('acme').clientSecret.padEnd(32))),
    ],
    [
      'signed by a stranger',
      async (claims) => {
        const { privateKey } = await generateKeyPair('RS256')
        const kid = room.simulated('acme').idTokens.jwks().keys[0]?.kid ?? ''
        return new SignJWT(claims)
          .setProtectedHeader({ alg: 'RS256', typ: 'logout+jwt', kid })
          .sign(privateKey)
      },
    ],
    ['that is no token', () => 'a.b.c'],
    ['that is nothing', () => ''],
  ])('%s is refused', async (_, forge) => {
    const claims = {
      iss: room.simulated('acme').origin,
      aud: 'acme-client',
      sub: 'bora',
      jti: 'x',
      iat: seconds(),
      exp: seconds() + 60,
      events: { [event]: {} },
    }
    await expect(read(await forge(claims))).rejects.toMatchObject({ failure: 'stale-or-forged' })
  })

  it('signed with a key that is seconds old is good', async () => {
    room.advance(60_000)
    await read(await room.simulated('acme').logoutToken({ sub: 'bora' }))
    await room.simulated('acme').idTokens.rotate()
    await expect(read(await room.simulated('acme').logoutToken({ sub: 'bora' }))).resolves.toBeDefined()
  })

  it('of a stranger makes us ask for the keys once in a while, however many come', async () => {
    room.advance(60_000)
    await read(await room.simulated('acme').logoutToken({ sub: 'bora' }))
    const before = room.simulated('acme').requestsTo('jwks').length
    const { privateKey } = await generateKeyPair('RS256')
    const forge = (kid: string, claims: JWTPayload = {}) =>
      new SignJWT({
        iss: room.simulated('acme').origin,
        aud: 'acme-client',
        sub: 'x',
        jti: 'x',
        iat: seconds(),
        exp: seconds() + 60,
        events: { [event]: {} },
        ...claims,
      })
        .setProtectedHeader({ alg: 'RS256', typ: 'logout+jwt', kid })
        .sign(privateKey)
    // What could never hold is not even worth one call.
    await expect(read(await forge('z', { aud: 'another' }))).rejects.toThrow()
    expect(room.simulated('acme').requestsTo('jwks').length).toBe(before)
    for (const kid of ['a', 'b', 'c', 'd'])
      await expect(read(await forge(kid))).rejects.toMatchObject({ failure: 'stale-or-forged' })
    expect(room.simulated('acme').requestsTo('jwks').length).toBe(before + 1)
    await expect(read(await room.simulated('acme').logoutToken({ sub: 'bora' }))).resolves.toBeDefined()
  })

  it('cannot be judged while the issuer’s keys cannot be had', async () => {
    room.advance(6 * 60_000)
    room.simulated('acme').fail('jwks', faults.answer(503))
    await expect(read(await room.simulated('acme').logoutToken({ sub: 'bora' }))).rejects.toMatchObject({
      failure: 'unavailable',
    })
  })

  it('is nothing that a provider without ID tokens can send', () => {
    expect(room.provider('naver').account.readLogoutToken).toBeUndefined()
  })
})
