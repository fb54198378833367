import { allowInsecureRequests, customFetch, discovery, type ServerMetadata } from 'openid-client'
import type { Clock } from '../clock.ts'
import type { ProviderEndpoints } from '../config/config.ts'
import type { Log } from '../ops/log.ts'
import { createBoundedFetch, isProtected } from './bounded-fetch.ts'
import { toProviderError } from './failure.ts'
import { ProviderError } from './provider.ts'

/** An authorization server's metadata (RFC 8414), wherever they come from. */
export interface MetadataSource {
  /** What is known without asking anybody. */
  known(): ServerMetadata | undefined
  /** @throws ProviderError `unavailable` when they are not known and cannot be had */
  load(): Promise<ServerMetadata>
  close(): void
}

/** Fixed addresses: nothing to wait for, nothing to fail. */
export function presetMetadata(issuer: string, endpoints: ProviderEndpoints): MetadataSource {
  const metadata = { issuer, ...named(endpoints) }
  return { known: () => metadata, load: async () => metadata, close() {} }
}

export interface DiscoveryOptions {
  readonly provider: string
  readonly issuer: string
  readonly clientId: string
  /** Each replaces what the issuer publishes. */
  readonly endpoints: ProviderEndpoints
  readonly clock: Clock
  readonly log: Log
  readonly fetch: typeof fetch
  readonly timeoutMs: number
}

const freshMs = 60 * 60_000
const retryMs = 60_000

/**
 * OpenID Connect Discovery 1.0: asked for at the first need, shared by all who need it at once, asked again every hour
 * while the old answer serves. A failure is forgotten: the next need tries again.
 */
export function discoveredMetadata(options: DiscoveryOptions): MetadataSource {
  const { provider, clock, log } = options
  const closing = new AbortController()
  let newest: { readonly metadata: ServerMetadata; readonly at: number } | undefined
  let pending: Promise<ServerMetadata> | undefined
  let askedAt = 0

  function ask(): Promise<ServerMetadata> {
    askedAt = clock()
    pending ??= discover(options, closing.signal)
      .then((metadata) => {
        newest = { metadata, at: clock() }
        return metadata
      })
      .catch((error: unknown) => {
        const failure = toProviderError(error, 'authorization')
        if (!closing.signal.aborted)
          log.warn('provider.metadata-unavailable', { provider, reason: failure.providerCode })
        throw new ProviderError('unavailable', {
          providerCode: failure.providerCode ?? 'metadata',
          cause: failure.cause,
        })
      })
      .finally(() => {
        pending = undefined
      })
    return pending
  }

  return {
    known: () => newest?.metadata,
    async load() {
      if (!newest) return ask()
      // The old answer serves until a new one is here, and longer if none comes.
      if (clock() - newest.at >= freshMs && clock() - askedAt >= retryMs) void ask().catch(() => {})
      return newest.metadata
    },
    close: () => closing.abort(),
  }
}

async function discover(options: DiscoveryOptions, signal: AbortSignal): Promise<ServerMetadata> {
  const { issuer, clientId, endpoints, fetch, timeoutMs } = options
  const bounded = createBoundedFetch({ fetch, signal, timeoutMs })
  const configuration = await discovery(new URL(issuer), clientId, undefined, undefined, {
    // Plain http is for loopback alone: the bounded fetch holds that.
    execute: [allowInsecureRequests],
    [customFetch]: (url, init) => bounded(url, init as RequestInit),
  })
  const published = configuration.serverMetadata()
  // ASVS V10.5.3: the issuer is the configured one, to the letter.
  if (published.issuer !== issuer)
    throw new ProviderError('misconfigured', { providerCode: 'issuer-mismatch' })
  const metadata: ServerMetadata = { ...published, ...named(endpoints) }
  const missing = required.find((name) => metadata[name] === undefined)
  if (missing) throw new ProviderError('unavailable', { providerCode: `no-${missing}` })
  const insecure = addresses.find((name) => metadata[name] !== undefined && !isAddress(metadata[name]))
  if (insecure) throw new ProviderError('misconfigured', { providerCode: `insecure-${insecure}` })
  return metadata
}

const required = ['authorization_endpoint', 'token_endpoint', 'jwks_uri'] as const
const addresses = [
  ...required,
  'userinfo_endpoint',
  'revocation_endpoint',
  'end_session_endpoint',
  'pushed_authorization_request_endpoint',
] as const

function isAddress(value: unknown): boolean {
  return typeof value === 'string' && URL.canParse(value) && isProtected(new URL(value))
}

/** Our names for endpoints, as RFC 8414 names them. */
function named(endpoints: ProviderEndpoints): Partial<ServerMetadata> {
  const { authorization, token, userinfo, jwks, revocation, endSession } = endpoints
  return {
    ...(authorization && { authorization_endpoint: authorization }),
    ...(token && { token_endpoint: token }),
    ...(userinfo && { userinfo_endpoint: userinfo }),
    ...(jwks && { jwks_uri: jwks }),
    ...(revocation && { revocation_endpoint: revocation }),
    ...(endSession && { end_session_endpoint: endSession }),
  }
}
