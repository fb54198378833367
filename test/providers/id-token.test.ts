import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose'
import { faults } from '../../src/testing/faults.ts'
import { finish, type Room, reachCallback, startRoom } from './room.ts'

const ids = ['kakao', 'naver', 'google', 'acme'] as const
let room: Room
let stranger: Awaited<ReturnType<typeof generateKeyPair>>
beforeAll(async () => {
  stranger = await generateKeyPair('RS256', { extractable: true })
  room = await startRoom({ ids, naverOidc: true })
})
afterAll(() => room.close())
afterEach(() => {
  for (const id of ids) {
    room.simulated(id).makeIdToken((claims) => claims)
    room.simulated(id).recover()
  }
})

type Forger = Parameters<ReturnType<Room['simulated']>['makeIdToken']>[0]

describe.each(ids)('an ID token of %s', (id) => {
  it.each<[string, Forger]>([
    ['from another issuer', (claims) => ({ ...claims, iss: 'https://evil.example' })],
    ['from an issuer with a slash too many', (claims) => ({ ...claims, iss: `${claims.iss}/` })],
    ['for another client', (claims) => ({ ...claims, aud: 'somebody-else' })],
    [
      'for us and another, authorised for the other',
      (claims) => ({ ...claims, aud: [claims.aud as string, 'b'], azp: 'b' }),
    ],
    ['that expired', (claims) => ({ ...claims, exp: (claims.iat ?? 0) - 31 })],
    ['without an end', ({ exp: _, ...claims }) => claims],
    ['without a subject', ({ sub: _, ...claims }) => claims],
    ['with a number for a subject', (claims) => ({ ...claims, sub: 12345 }) as unknown as JWTPayload],
    ['with another nonce', (claims) => ({ ...claims, nonce: 'replayed' })],
    ['without the nonce', ({ nonce: _, ...claims }) => claims],
    ['without a signature', (claims) => new UnsecuredJWT(claims).encode()],
    [
      'signed with the client secret',
      (claims) =>
        new SignJWT(claims)
          .setProtectedHeader({ alg: 'HS256' })
          .sign(new TextEncoder().encode(room.simulated(id).clientSecret)),
    ],
    [
      'signed with the public key as a secret',
      (claims) =>
        new SignJWT(claims)
          .setProtectedHeader({ alg: 'HS256' })
          .sign(new TextEncoder().encode(JSON.stringify(room.simulated(id).idTokens.jwks().keys[0]))),
    ],
    [
      'signed by somebody else under a known key id',
      async (claims) => {
        const kid = room.simulated(id).idTokens.jwks().keys[0]?.kid ?? ''
        return new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid }).sign(stranger.privateKey)
      },
    ],
    [
      'signed by a key that nobody published',
      async (claims) => {
        return new SignJWT(claims)
          .setProtectedHeader({ alg: 'RS256', kid: 'unknown' })
          .sign(stranger.privateKey)
      },
    ],
    [
      'that brings its own key',
      async (claims) => {
        const jwk = await exportJWK(stranger.publicKey)
        return new SignJWT(claims).setProtectedHeader({ alg: 'RS256', jwk }).sign(stranger.privateKey)
      },
    ],
    [
      'with a changed letter',
      async (claims) => {
        const token = await room.simulated(id).idTokens.sign(claims)
        const [header, , signature] = token.split('.')
        const payload = Buffer.from(JSON.stringify({ ...claims, email: 'evil@gmail.com' })).toString(
          'base64url',
        )
        return `${header}.${payload}.${signature}`
      },
    ],
  ])('%s is refused', async (_, forge) => {
    room.simulated(id).makeIdToken(forge)
    await expect(room.login(id)).rejects.toMatchObject({ failure: 'stale-or-forged' })
  })

  it('that expired within the last 30 s is good: clocks differ', async () => {
    room.simulated(id).makeIdToken((claims) => ({ ...claims, exp: (claims.iat ?? 0) - 20 }))
    await expect(room.login(id)).resolves.toBeDefined()
  })

  it('is judged by the room’s own clock', async () => {
    const { query, checks } = await reachCallback(room.provider(id), room.simulated(id))
    room.simulated(id).makeIdToken((claims) => ({ ...claims, exp: Math.floor(Date.now() / 1000) + 60 }))
    room.advance(5 * 60_000)
    await expect(finish(room.provider(id), query, checks)).rejects.toMatchObject({
      failure: 'stale-or-forged',
    })
  })

  it('signed with a new key is good at once, without a restart', async () => {
    await room.login(id)
    await room.simulated(id).idTokens.rotate()
    await expect(room.login(id)).resolves.toBeDefined()
  })

  it('asks for the keys once in five minutes', async () => {
    room.advance(5 * 60_000)
    const before = room.simulated(id).requestsTo('jwks').length
    await room.login(id)
    room.advance(4 * 60_000)
    await room.login(id)
    expect(room.simulated(id).requestsTo('jwks').length).toBe(before + 1)
    room.advance(60_001)
    await room.login(id)
    expect(room.simulated(id).requestsTo('jwks').length).toBe(before + 2)
  })

  it.each([
    ['an error', faults.answer(500)],
    ['HTML', faults.answer(200, '<html>')],
    ['50 MB', faults.oversized()],
  ])('cannot be verified while the keys’ address answers %s', async (_, fault) => {
    room.advance(6 * 60_000)
    room.simulated(id).fail('jwks', fault)
    await expect(room.login(id)).rejects.toMatchObject({ failure: 'unavailable' })
  })
})

describe('a repeated sign-in', () => {
  it('is refused when the provider’s auth_time says that it was none', async () => {
    for (const id of ['kakao', 'acme'] as const) {
      room
        .simulated(id)
        .makeIdToken((claims) => ({ ...claims, auth_time: Math.floor(room.clock() / 1000) - 3600 }))
      await expect(room.login(id, 'reauthenticate')).rejects.toMatchObject({
        failure: 'stale-or-forged',
        providerCode: 'auth_time',
      })
      // An ordinary login may be as old as it likes.
      const { authenticatedAt } = await room.login(id)
      expect(authenticatedAt).toBeLessThan(room.clock() - 3_599_000)
    }
  })

  const seconds = () => Math.floor(room.clock() / 1000)
  it.each<[string, () => unknown]>([
    ['missing', () => undefined],
    ['0', () => 0],
    ['negative', () => -1],
    ['milliseconds', () => room.clock()],
    ['an hour ahead', () => seconds() + 3600],
    ['text', () => String(seconds())],
  ])('is refused when auth_time is %s: nothing shows that the provider asked', async (_, value) => {
    for (const id of ['kakao', 'acme'] as const) {
      room.simulated(id).makeIdToken((claims) => ({ ...claims, auth_time: value() }))
      await expect(room.login(id, 'reauthenticate')).rejects.toMatchObject({ failure: 'stale-or-forged' })
    }
  })

  it('is good when the provider’s clock is 30 s behind', async () => {
    room.simulated('acme').makeIdToken((claims) => ({ ...claims, auth_time: seconds() - 25 }))
    await expect(room.login('acme', 'reauthenticate')).resolves.toBeDefined()
  })
})

describe('the age of a sign-in', () => {
  const seconds = () => Math.floor(room.clock() / 1000)
  it.each<[string, () => unknown]>([
    ['no auth_time', () => undefined],
    ['0', () => 0],
    ['milliseconds', () => room.clock()],
    ['a time far ahead', () => 4_000_000_000],
  ])(
    'is unknown, and too old for anything, when a provider that could prove it sends %s',
    async (_, value) => {
      room.simulated('acme').makeIdToken((claims) => ({ ...claims, auth_time: value() }))
      expect((await room.login('acme')).authenticatedAt).toBe(0)
    },
  )

  it('is never less than none when the provider’s clock runs ahead', async () => {
    room.simulated('acme').makeIdToken((claims) => ({ ...claims, auth_time: seconds() + 20 }))
    expect((await room.login('acme')).authenticatedAt).toBeLessThanOrEqual(room.clock())
  })

  it.each(['google', 'naver'] as const)('is the callback’s at %s, which cannot prove it', async (id) => {
    room.simulated(id).makeIdToken((claims) => ({ ...claims, auth_time: 1 }))
    expect((await room.login(id)).authenticatedAt).toBeGreaterThan(room.clock() - 60_000)
  })
})
