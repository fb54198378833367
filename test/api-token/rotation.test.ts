import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import express from 'express'
import request from 'supertest'
import { createApiTokens } from '../../src/api-token/create-api-tokens.ts'
import type { RefreshGrant } from '../../src/api-token/provider-tokens.ts'
import { createProviders } from '../../src/providers/create-providers.ts'
import type { Provider } from '../../src/providers/provider.ts'
import { createSessions } from '../../src/session/create-sessions.ts'
import type { MemberSession, OpenSession } from '../../src/session/session.ts'
import type { Sessions } from '../../src/session/sessions.ts'
import { type OidcIssuer, startOidcIssuer } from '../support/oidc-issuer.ts'
import { freshPrefix, redisUrl } from '../support/services.ts'

const origin = 'http://localhost:3000'
const log = { debug() {}, info() {}, warn() {}, error() {} }
const time = { now: Date.now() }
const clock = () => time.now

// A certified OpenID Provider that rotates refresh tokens and revokes the whole family when one comes twice.
let issuer: OidcIssuer
let provider: Provider
let closeProviders: () => Promise<void>
beforeAll(async () => {
  issuer = await startOidcIssuer({ redirectUri: `${origin}/auth/callback/strict` })
  const { issuer: iss, clientId, clientSecret } = issuer
  const providers = createProviders({
    providers: [
      { id: 'strict', name: 'Strict', clientId, clientSecret, scope: undefined, issuer: iss, endpoints: {} },
    ],
    publicOrigin: origin,
    kakaoAdminKey: undefined,
    offlineAccess: true,
    clock,
    log,
  })
  provider = providers.all.get('strict') as Provider
  closeProviders = () => providers.close()
})
afterAll(async () => {
  await closeProviders()
  await issuer.close()
})

const rooms = new Set<Sessions>()
afterEach(async () => {
  await Promise.all([...rooms].map((room) => room.close()))
  rooms.clear()
})

/** One instance of the fleet: its own session room and connections, the same Redis. */
async function instance(prefix: string, refresh: RefreshGrant) {
  const sessions = await createSessions({
    secrets: ['a-secret-of-at-least-thirty-two-characters'],
    cookie: { name: 'session', secure: false, sameSite: 'strict' },
    idleTimeoutMs: 86_400_000,
    absoluteTimeoutMs: 1_209_600_000,
    signupTimeoutMs: 1_800_000,
    limit: 20,
    redis: { mode: 'single', urls: [redisUrl()], sentinelMaster: undefined, prefix, timeoutMs: 250 },
    clock,
    log,
  })
  rooms.add(sessions)
  const { tokens } = await createApiTokens({
    service: {
      readKeys: undefined,
      secret: undefined,
      issuer: origin,
      audience: origin,
      lifetimeMs: 300_000,
    },
    wantsService: false,
    tickets: sessions.tickets,
    index: sessions.index,
    refresh,
    exchange: undefined,
    redis: { client: sessions.redis, prefix },
    clock,
    log,
  })
  return { sessions, tokens }
}

async function signIn(sessions: Sessions): Promise<string> {
  const { url, checks } = await provider.authorize('login')
  const callback = await issuer.walk(url, 'alice')
  const { identity, grant } = await provider.finish(
    callback.search.slice(1),
    checks,
    AbortSignal.timeout(10_000),
  )
  const session: MemberSession = {
    state: 'member',
    identity,
    grant,
    authenticatedAt: clock(),
    user: { id: '0b6f7c1e-0000-4000-8000-000000000001', profile: {} },
    tokens: {},
  }
  const app = express().post('/', sessions.writer.load, async (req, res) => {
    await sessions.writer.begin(req, res, () => session)
    res.end()
  })
  const { headers } = await request(app).post('/').set('Sec-Fetch-Site', 'same-origin').expect(200)
  return ([headers['set-cookie']].flat()[0] ?? '').split(';')[0] as string
}

async function fleet(instances: number, refresh: RefreshGrant = refreshAtIssuer) {
  time.now = Date.now()
  const prefix = freshPrefix()
  const members = await Promise.all(Array.from({ length: instances }, () => instance(prefix, refresh)))
  const cookie = await signIn((members[0] as (typeof members)[number]).sessions)
  const open = (index: number) => members[index]?.sessions.reader.read(cookie) as Promise<OpenSession>
  async function call(index: number) {
    const session = await open(index)
    if (!session) return undefined
    return members[index]?.tokens.tokenFor(session, { kind: 'provider', audience: '' })
  }
  const before = issuer.requests.length
  return {
    members,
    call,
    open,
    refreshes: () => issuer.requests.slice(before).filter((one) => one === 'POST /token'),
  }
}

const refreshAtIssuer: RefreshGrant = (_id, grant, signal) => provider.account.refresh(grant, signal)

describe('with a provider that rotates and detects reuse', () => {
  it('200 calls over three instances with a token that just expired make one refresh', async () => {
    const { call, refreshes, open } = await fleet(3)
    const first = await call(0)
    for (let generation = 1; generation <= 3; generation += 1) {
      time.now += 601_000
      const tokens = await Promise.all(Array.from({ length: 200 }, (_, n) => call(n % 3)))
      expect(new Set(tokens).size).toBe(1)
      expect(tokens[0]).not.toBe(first)
      expect(refreshes()).toHaveLength(generation)
    }
    expect(await open(1)).toBeDefined()
  })

  it('an instance killed in the middle costs neither the session nor a second use of a refresh token', async () => {
    const hanging = new Set<unknown>()
    const { members, call, refreshes } = await fleet(2, async (of, grant, signal) => {
      if (hanging.size > 0) return refreshAtIssuer(of, grant, signal)
      hanging.add(grant)
      return new Promise(() => {})
    })
    time.now += 601_000
    const doomed = call(0)
    doomed.catch(() => {})
    while (hanging.size === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    const killed = (members[0] as (typeof members)[number]).sessions
    await killed.close()
    rooms.delete(killed)
    expect(await call(1)).toMatch(/./)
    expect(refreshes()).toHaveLength(1)
  })

  it('a family that was revoked ends the session', async () => {
    const { members, call, open } = await fleet(2)
    const first = await open(0)
    const session = first.session as MemberSession
    await provider.account.revoke(session.grant ?? { accessToken: '' }, AbortSignal.timeout(5_000))
    time.now += 601_000
    expect(await Promise.all([call(0), call(1), call(0), call(1)])).toEqual(Array(4).fill(undefined))
    expect(await members[0]?.sessions.tickets.open(first.ticket)).toBeUndefined()
    expect(await members[1]?.sessions.index.list(session.user.id)).toEqual([])
  })
})
