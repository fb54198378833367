import { createPublicKey, createSecretKey, type JsonWebKey } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose'
import jsonwebtoken from 'jsonwebtoken'
import { audience, createTokenRoom, issuer, member, newKeys, settled, startedAt } from './token-room.ts'

const service = { kind: 'service', audience } as const

type Room = Awaited<ReturnType<typeof createTokenRoom>>

/** As an API does it (RFC 9068 §4). */
async function verify(room: Room, token: string, expected = audience) {
  return jwtVerify(token, createLocalJWKSet(room.keys.jwks() as JSONWebKeySet), {
    issuer,
    audience: expected,
    typ: 'at+jwt',
    algorithms: ['ES256', 'EdDSA', 'RS256'],
    currentDate: new Date(room.time.now),
  })
}

async function tokenOf(room: Room, open: ReturnType<Room['sessions']['add']>) {
  return (await room.tokens.tokenFor(room.sessions.now(open) ?? open, service)) as string
}

describe('a service token', () => {
  it('is an RFC 9068 access token that the published keys verify', async () => {
    const room = await createTokenRoom()
    const open = room.sessions.add(member())
    const { payload, protectedHeader } = await verify(room, await tokenOf(room, open))

    expect(protectedHeader).toEqual({ alg: 'ES256', typ: 'at+jwt', kid: expect.any(String) })
    expect(payload).toEqual({
      iss: issuer,
      aud: audience,
      sub: member().user.id,
      client_id: 'coatcheck',
      iat: startedAt / 1000,
      exp: startedAt / 1000 + 300,
      jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
      sid: open.handle,
      provider: 'kakao',
      auth_time: Math.floor((startedAt - 5_500) / 1000),
      nickname: '민지',
      characterName: 'Bear',
    })
  })

  it('is verified by jsonwebtoken too, which refuses it for another audience or without its signature', async () => {
    const room = await createTokenRoom()
    const token = await tokenOf(room, room.sessions.add(member()))
    const [jwk] = (room.keys.jwks() as JSONWebKeySet).keys
    const key = createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' })
    const options = { algorithms: ['ES256' as const], issuer, audience, clockTimestamp: room.time.now / 1000 }
    expect(jsonwebtoken.verify(token, key, options)).toMatchObject({
      sub: member().user.id,
      client_id: 'coatcheck',
    })
    expect(() => jsonwebtoken.verify(token, key, { ...options, audience: 'another' })).toThrow(
      /audience invalid/,
    )
    expect(() => jsonwebtoken.verify(`${token.split('.', 2).join('.')}.`, key, options)).toThrow()
  })

  it('keeps its own claims whatever a profile is called', async () => {
    const room = await createTokenRoom()
    const profile = {
      sub: 'admin',
      roles: ['admin'],
      scope: 'all',
      act: {},
      nickname: 'x',
      iss: 'evil',
      nbf: 1,
    }
    const open = room.sessions.add(member({ user: { id: 'u1', profile } }))
    const { payload } = await verify(room, await tokenOf(room, open))

    expect(payload).toMatchObject({ sub: 'u1', iss: issuer, nickname: 'x' })
    for (const name of ['roles', 'scope', 'act', 'nbf']) expect(payload).not.toHaveProperty(name)
  })

  it('is given to a new session for the default audience, if any route wants one', async () => {
    const room = await createTokenRoom()
    const tokens = await room.issuer.initialTokens(member(), 'handle-1')
    expect(Object.keys(tokens)).toEqual([audience])
    expect((await verify(room, tokens[audience]?.token as string)).payload['sid']).toBe('handle-1')
    expect(
      await (await createTokenRoom({ wantsService: false })).issuer.initialTokens(member(), 'h'),
    ).toEqual({})
  })

  it('is handed out without a promise, and without a look at the store, while it is good', async () => {
    const room = await createTokenRoom()
    const open = room.sessions.add(member({ tokens: await room.issuer.initialTokens(member(), 'h') }))
    const first = room.tokens.tokenFor(open, service)
    expect(typeof first).toBe('string')
    room.advance(200_000)
    expect(room.tokens.tokenFor(open, service)).toBe(first)
    expect(room.sessions.counts).toEqual({ opens: 0, updates: 0 })
  })

  it('is issued once for callers that come together, and then kept in the session', async () => {
    const room = await createTokenRoom()
    const open = room.sessions.add(member())
    const tokens = await Promise.all(Array.from({ length: 50 }, () => room.tokens.tokenFor(open, service)))
    expect(new Set(tokens).size).toBe(1)
    expect(room.sessions.counts.updates).toBe(1)
    expect(room.sessions.member(open).tokens[audience]?.token).toBe(tokens[0])
  })

  it('is issued per audience', async () => {
    const room = await createTokenRoom()
    const open = room.sessions.add(member())
    const one = await tokenOf(room, open)
    const now = room.sessions.now(open) ?? open
    const other = (await room.tokens.tokenFor(now, { kind: 'service', audience: 'urn:other' })) as string
    expect(decodeJwt(other).aud).toBe('urn:other')
    await expect(verify(room, other)).rejects.toThrow('aud')
    expect(Object.keys(room.sessions.member(open).tokens)).toEqual([audience, 'urn:other'])
    expect(await tokenOf(room, open)).toBe(one)
  })

  it('is renewed beside the call when a fifth of its life is left', async () => {
    const room = await createTokenRoom()
    const open = room.sessions.add(member())
    const first = await tokenOf(room, open)
    room.advance(241_000)
    expect(room.tokens.tokenFor(room.sessions.now(open) ?? open, service)).toBe(first)
    await settled()
    expect(await tokenOf(room, open)).not.toBe(first)
  })

  it.each([31_000, 40_000, 300_000])(
    'has 30 s to live when it leaves, with a lifetime of %i ms',
    async (lifetimeMs) => {
      const room = await createTokenRoom({ service: { lifetimeMs } })
      const open = room.sessions.add(member())
      for (let step = 0; step < 700; step += 1) {
        const token = await tokenOf(room, open)
        expect((decodeJwt(token).exp as number) * 1000 - room.time.now).toBeGreaterThanOrEqual(30_000)
        room.advance(997)
      }
    },
  )

  it('lives long enough to be used, however short its lifetime is set', async () => {
    const room = await createTokenRoom({ service: { lifetimeMs: 1_000 } })
    const { exp, iat } = decodeJwt(await tokenOf(room, room.sessions.add(member())))
    expect((exp as number) - (iat as number)).toBe(31)
  })

  it('is adopted from another instance that was quicker', async () => {
    const room = await createTokenRoom()
    const open = room.sessions.add(member())
    const theirs = await room.issuer.initialTokens(member(), open.handle)
    room.sessions.change(open, (session) => ({ ...session, tokens: theirs }))
    expect(await room.tokens.tokenFor(open, service)).toBe(theirs[audience]?.token)
    expect(room.sessions.counts.updates).toBe(0)
  })

  it('never carries a profile that was changed while it was signed', async () => {
    const room = await createTokenRoom()
    const open = room.sessions.add(member())
    room.sessions.onceBeforeUpdate(() =>
      room.sessions.change(open, (session) => ({
        ...session,
        user: { ...session.user, profile: { nickname: 'new' } },
      })),
    )
    expect(decodeJwt(await tokenOf(room, open))['nickname']).toBe('new')
  })

  it('is not issued for a session that has ended, nor for one that is no member', async () => {
    const room = await createTokenRoom()
    const open = room.sessions.add(member())
    room.sessions.end(open)
    expect(await room.tokens.tokenFor(open, service)).toBeUndefined()
    const registering = room.sessions.add({
      state: 'registering',
      identity: member().identity,
      authenticatedAt: startedAt,
      returnTo: '/',
    })
    expect(() => room.tokens.tokenFor(registering, service)).toThrow('sign-up-required')
  })

  it('outlasts a store that is down while it is good; then the answer is 503, not an old token', async () => {
    const room = await createTokenRoom()
    const open = room.sessions.add(member())
    const token = await tokenOf(room, open)
    const held = room.sessions.now(open) ?? open
    room.sessions.setDown(true)
    room.advance(250_000)
    expect(await room.tokens.tokenFor(held, service)).toBe(token)
    await settled()
    room.advance(25_000)
    await expect(room.tokens.tokenFor(held, service)).rejects.toMatchObject({
      code: 'session-store-unavailable',
    })
  })
})

describe('a service token with a shared secret', () => {
  const secret = 'a secret of at least thirty-two bytes'

  it('is signed with HS256, and nothing is published', async () => {
    const room = await createTokenRoom({ service: { secret } })
    const token = await tokenOf(room, room.sessions.add(member()))
    const key = createSecretKey(Buffer.from(secret))
    const { protectedHeader } = await jwtVerify(token, key, {
      audience,
      issuer,
      typ: 'at+jwt',
      algorithms: ['HS256'],
      currentDate: new Date(startedAt),
    })
    expect(protectedHeader).toEqual({ alg: 'HS256', typ: 'at+jwt', kid: expect.any(String) })
    expect(room.keys.jwks()).toBeUndefined()
  })
})

describe('rotation of the signing keys', () => {
  const kidOf = (token: string) => decodeProtectedHeader(token).kid

  async function rotatingRoom() {
    const [first, second] = [await newKeys(), await newKeys()]
    let file = first
    const room = await createTokenRoom({ service: { readKeys: async () => file } })
    const put = async (keys: typeof file) => {
      file = keys
      await room.reload()
    }
    return { room, first, second, put, kids: { first: first[0]?.kid, second: second[0]?.kid } }
  }

  it('publishes a new first key at once and signs with it when no cached set can lack it', async () => {
    const { room, first, second, put, kids } = await rotatingRoom()
    await put([...second, ...first])
    expect(room.keys.jwks()?.keys).toHaveLength(2)
    expect(kidOf(await tokenOf(room, room.sessions.add(member())))).toBe(kids.first)
    room.advance(599_000)
    expect(kidOf(await tokenOf(room, room.sessions.add(member())))).toBe(kids.first)
    room.advance(1_000)
    expect(kidOf(await tokenOf(room, room.sessions.add(member())))).toBe(kids.second)
  })

  it('signs at once with a key that had been published in another place', async () => {
    const { room, first, second, put, kids } = await rotatingRoom()
    await put([...first, ...second])
    room.advance(600_000)
    await put([...second, ...first])
    expect(kidOf(await tokenOf(room, room.sessions.add(member())))).toBe(kids.second)
  })

  it('rejects no token at an API that keeps the keys for as long as it is told', async () => {
    // Two instances that are reloaded four minutes apart; the API fetches the keys of either and asks no sooner.
    let file = await newKeys()
    const instances = [0, 1].map(() => createTokenRoom({ service: { readKeys: async () => file } }))
    const [one, other] = (await Promise.all(instances)) as [Room, Room]
    const sessions = [one, other].map((room) => ({ room, open: room.sessions.add(member()) }))
    let cached = { at: Number.NEGATIVE_INFINITY, set: {} as JSONWebKeySet }
    for (let second = 0; second < 1800; second += 10) {
      if (second === 100) file = await newKeys()
      if (second === 100) await one.reload()
      if (second === 340) await other.reload()
      if (one.time.now - cached.at >= 300_000)
        cached = { at: one.time.now, set: other.keys.jwks() as JSONWebKeySet }
      for (const { room, open } of sessions) {
        await jwtVerify(await tokenOf(room, open), createLocalJWKSet(cached.set), {
          audience,
          currentDate: new Date(room.time.now),
        })
        room.advance(10_000)
      }
    }
    expect(one.keys.jwks()?.keys).toHaveLength(1)
  })

  it('issues anew what a key of an earlier run signed', async () => {
    const before = await createTokenRoom()
    const tokens = await before.issuer.initialTokens(member(), 'h')
    const room = await createTokenRoom()
    const open = room.sessions.add(member({ tokens }))
    const token = await tokenOf(room, open)
    expect(token).not.toBe(tokens[audience]?.token)
    await verify(room, token)
  })

  it('keeps the keys it has when the file cannot be read', async () => {
    const keys = await newKeys()
    const readings = [Promise.resolve(keys), Promise.reject(new Error('gone'))]
    const room = await createTokenRoom({
      service: { readKeys: () => readings.shift() ?? Promise.resolve([]) },
    })
    await expect(room.reload()).rejects.toThrow('gone')
    expect(kidOf(await tokenOf(room, room.sessions.add(member())))).toBe(keys[0]?.kid)
  })
})
