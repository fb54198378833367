import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createClient } from 'redis'
import { createApiTokens } from '../../src/api-token/create-api-tokens.ts'
import { createLeases } from '../../src/api-token/lease.ts'
import type { RefreshGrant } from '../../src/api-token/provider-tokens.ts'
import { createRedisLeaseStore } from '../../src/api-token/redis-lease-store.ts'
import { ProviderError } from '../../src/providers/provider.ts'
import { freshPrefix, redisUrl } from '../support/services.ts'
import { createStoredSessions } from './stored-sessions.ts'
import { audience, issuer, member, newKeys, startedAt } from './token-room.ts'

const newClient = () => createClient({ url: redisUrl() })
const clients: ReturnType<typeof newClient>[] = []

async function connect() {
  const client = newClient()
  client.on('error', () => {})
  await client.connect()
  clients.push(client)
  return client
}

let keys: Awaited<ReturnType<typeof newKeys>>
beforeAll(async () => {
  keys = await newKeys()
})
afterAll(async () => {
  for (const client of clients) client.destroy()
})

/** Instances that share one Redis and one store of sessions; `refresh` is the provider, who counts. */
async function fleet(instances: number, refresh: RefreshGrant) {
  const prefix = freshPrefix()
  const sessions = createStoredSessions()
  const log = { debug() {}, info() {}, warn() {}, error() {} }
  const outcomes: string[] = []
  const rooms = await Promise.all(
    Array.from({ length: instances }, async () =>
      createApiTokens({
        service: { readKeys: async () => keys, secret: undefined, issuer, audience, lifetimeMs: 300_000 },
        wantsService: false,
        tickets: sessions.tickets,
        index: sessions.index,
        refresh,
        exchange: undefined,
        redis: { client: await connect(), prefix },
        clock: () => startedAt,
        log,
        observe: (_kind, outcome) => void outcomes.push(outcome),
      }),
    ),
  )
  const expired = { accessToken: 'access-0', refreshToken: 'refresh-0', expiresAt: startedAt - 1 }
  const open = sessions.add(member({ grant: expired }))
  const ask = (instance: number) =>
    Promise.resolve(rooms[instance]?.tokens.tokenFor(open, { kind: 'provider', audience: '' }))
  return { sessions, open, ask, outcomes, prefix }
}

/** Strict: a refresh token that comes twice kills the family. */
function strictProvider(tookMs: number) {
  let generation = 0
  const state = { requests: 0 }
  const refresh: RefreshGrant = async (_provider, grant) => {
    state.requests += 1
    await new Promise((resolve) => setTimeout(resolve, tookMs))
    if (grant.refreshToken !== `refresh-${generation}`) throw new ProviderError('code-rejected')
    generation += 1
    // Tokens of a few seconds: what a renewal is judged by must not be their age.
    return {
      accessToken: `access-${generation}`,
      refreshToken: `refresh-${generation}`,
      expiresAt: startedAt + 20_000,
    }
  }
  return { refresh, state }
}

describe('a refresh over a fleet', () => {
  it('is made once by three instances with 200 calls, however long it takes', async () => {
    async function attempt(tookMs: number) {
      const { refresh, state } = strictProvider(tookMs)
      const { ask, outcomes, sessions } = await fleet(3, refresh)
      const tokens = await Promise.all(Array.from({ length: 200 }, (_, call) => ask(call % 3)))
      return {
        tokens: [...new Set(tokens)],
        requests: state.requests,
        ended: sessions.ended.size,
        outcomes: outcomes.toSorted(),
      }
    }
    // The last one takes longer than a lease that nobody renews.
    const attempts = await Promise.all([0, 600, 5_000].map(attempt))
    const outcomes = ['renewed', 'reused', 'reused']
    expect(attempts).toEqual(Array(3).fill({ tokens: ['access-1'], requests: 1, ended: 0, outcomes }))
  })

  it('is taken over when the instance that holds the lease is killed', async () => {
    const { refresh, state } = strictProvider(0)
    const { ask, sessions, open, prefix } = await fleet(2, refresh)
    // What a killed process leaves behind: a lease that nobody renews.
    const client = await connect()
    const left = createRedisLeaseStore(client, prefix)
    await left.take(`provider:${open.handle}`, 'a killed instance', 1_000)
    expect(await Promise.all([ask(0), ask(1)])).toEqual(['access-1', 'access-1'])
    expect(state.requests).toBe(1)
    expect(sessions.ended.size).toBe(0)
  })
})

describe('a lease', () => {
  it('outlasts its time while its owner lives, and is free when it is released', async () => {
    const prefix = freshPrefix()
    const [one, other] = [await connect(), await connect()].map((client) =>
      createLeases(createRedisLeaseStore(client, prefix), 300),
    )
    const lease = await one?.acquire('x', 0)
    expect(await other?.acquire('x', 900)).toBeUndefined()
    const waiting = other?.acquire('x', 900)
    await lease?.release()
    expect(await waiting).toBeDefined()
  })

  it('that ran out is not taken from its next owner', async () => {
    const store = createRedisLeaseStore(await connect(), freshPrefix())
    await store.take('x', 'next', 10_000)
    await store.drop('x', 'former')
    expect(await store.extend('x', 'former', 10_000)).toBe(false)
    expect(await store.take('x', 'third', 10_000)).toBe(false)
    expect(await store.extend('x', 'next', 10_000)).toBe(true)
  })

  it('of a store that is silent is given up after a second', async () => {
    const silent = { set: () => new Promise(() => {}), eval: () => new Promise(() => {}) }
    const started = performance.now()
    await expect(createLeases(createRedisLeaseStore(silent, '')).acquire('x', 10_000)).rejects.toThrow(
      'in time',
    )
    expect(performance.now() - started).toBeLessThan(2_000)
  })
})
