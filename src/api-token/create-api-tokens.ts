import type { Clock } from '../clock.ts'
import type { TokenExchangeConfig } from '../config/config.ts'
import { Problem } from '../http/problem.ts'
import type { Log } from '../ops/log.ts'
import type { SessionIndex, TicketedSessions } from '../session/sessions.ts'
import type { ApiTokens, PublishedKeys, ServiceTokenIssuer } from './api-tokens.ts'
import { createExchangedTokens } from './exchanged-tokens.ts'
import { createFleetRenewal, type RenewalObserver } from './fleet-renewal.ts'
import { createKeyRing, createSecretRing, type KeyRing } from './key-ring.ts'
import type { PrivateKeySet } from './key-set.ts'
import { createLeases, createMemoryLeaseStore } from './lease.ts'
import { createProviderTokens, type RefreshGrant } from './provider-tokens.ts'
import { createRedisLeaseStore } from './redis-lease-store.ts'
import { createIssueToken } from './service-token.ts'
import { createServiceTokens } from './service-tokens.ts'
import { createExchangeToken } from './token-exchange.ts'

export interface ServiceTokenOptions {
  /** Reads the private keys, now and at each `reload` (key-file.ts); undefined: `secret` signs, or nothing is issued. */
  readonly readKeys: (() => Promise<PrivateKeySet>) | undefined
  /** HS256; counts before `readKeys`. */
  readonly secret: string | undefined
  readonly issuer: string
  readonly audience: string
  readonly lifetimeMs: number
}

export interface RedisLeases {
  readonly client: unknown
  readonly prefix: string
  /** Told of each command: how long it took, ms, and whether Redis answered. */
  readonly observe?: (durationMs: number, ok: boolean) => void
}

export interface ApiTokensOptions {
  readonly service: ServiceTokenOptions
  /** Some route's calls carry a service token. */
  readonly wantsService: boolean
  readonly tickets: TicketedSessions
  readonly index: SessionIndex
  readonly refresh: RefreshGrant
  readonly exchange: TokenExchangeConfig | undefined
  /** The node-redis client and the prefix of its keys; undefined: this process is alone. */
  readonly redis: RedisLeases | undefined
  readonly clock: Clock
  readonly log: Log
  readonly observe?: RenewalObserver
  readonly fetch?: typeof fetch | undefined
}

export interface ApiTokenRoom {
  readonly tokens: ApiTokens
  readonly issuer: ServiceTokenIssuer
  readonly keys: PublishedKeys
  /** Reads the key file again. @throws KeyFileError; then the keys stay as they were */
  reload(): Promise<void>
}

/** The room: what an API call carries. @throws KeyFileError */
export async function createApiTokens(options: ApiTokensOptions): Promise<ApiTokenRoom> {
  const { service, wantsService, tickets, index, refresh, clock, log } = options
  const ring = await keyRing(service, clock)
  const issue = createIssueToken(ring, service, clock)
  const leases = createLeases(
    options.redis
      ? createRedisLeaseStore(options.redis.client, options.redis.prefix, options.redis.observe)
      : createMemoryLeaseStore(),
  )
  const oneAtATime = createFleetRenewal(leases, options.observe ?? (() => {}))
  const { lifetimeMs } = service
  const serviceToken = createServiceTokens({ ring, issue, lifetimeMs, tickets, clock, log })
  const providerToken = createProviderTokens({ tickets, index, oneAtATime, refresh, clock, log })
  const exchangedToken =
    options.exchange &&
    createExchangedTokens({
      tickets,
      oneAtATime,
      providerToken,
      exchange: createExchangeToken(options.exchange, clock, options.fetch),
      clock,
      log,
    })

  return {
    tokens: {
      tokenFor(open, { kind, audience }, rejected) {
        const { session } = open
        if (session.state !== 'member') throw new Problem('sign-up-required')
        if (kind === 'service') return serviceToken(open, session, audience)
        const source = kind === 'provider' ? providerToken : exchangedToken
        if (!source) throw new Problem('token-unavailable')
        return source(open, session, rejected)
      },
    },
    issuer: {
      async initialTokens(member, handle) {
        if (!wantsService) return {}
        return { [service.audience]: await issue(member, handle, service.audience) }
      },
    },
    keys: { jwks: ring.jwks },
    async reload() {
      if (!service.readKeys || service.secret !== undefined) return
      const keys = await service.readKeys()
      ring.replace(keys)
      log.info('service-token.keys-loaded', { keys: keys.map(({ kid }) => kid) })
    },
  }
}

async function keyRing(service: ServiceTokenOptions, clock: Clock): Promise<KeyRing> {
  if (service.secret !== undefined) return createSecretRing(service.secret)
  const keys = (await service.readKeys?.()) ?? []
  return createKeyRing(keys, { lifetimeMs: service.lifetimeMs, clock })
}
