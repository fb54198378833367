import {
  allowInsecureRequests,
  Configuration,
  clockSkew,
  customFetch,
  enableNonRepudiationChecks,
  type ServerMetadata,
} from 'openid-client'
import type { Clock } from '../clock.ts'
import type { ProviderConfig } from '../config/config.ts'
import type { Log } from '../ops/log.ts'
import { type BoundedFetch, createBoundedFetch } from './bounded-fetch.ts'
import { byPrivateKey, bySecret, privateKeyIn } from './client-authentication.ts'
import type { ProviderDefinition } from './definition.ts'
import { objectOrEmpty } from './exact-json.ts'
import { text } from './person.ts'
import { normalise } from './protocol-answer.ts'
import { discoveredMetadata, type MetadataSource, presetMetadata } from './server-metadata.ts'
import { createSigningKeys, type SigningKeys } from './signing-keys.ts'

/** What every provider of this process shares. */
export interface ProviderContext {
  /** `https://app.example`: what redirect addresses are built from. */
  readonly publicOrigin: string
  readonly kakaoAdminKey: string | undefined
  /** API calls carry the provider's token (or one exchanged for it): ask for refresh tokens. */
  readonly offlineAccess: boolean
  readonly clock: Clock
  readonly log: Log
  readonly fetch: typeof fetch
  /** For one call out, its body included. */
  readonly callTimeoutMs: number
}

/** openid-client, opened for one operation: it calls out through one bounded fetch. */
export interface ProtocolClient {
  readonly metadata: ServerMetadata
  readonly configuration: Configuration
  readonly fetch: BoundedFetch
  /** What the latest refresh through this client brought besides the tokens. */
  readonly refreshed: { idToken?: string | undefined }
}

/** A provider's side of the protocol: who we are to it, where it is, which keys it signs with. */
export interface Protocol {
  readonly definition: ProviderDefinition
  readonly config: ProviderConfig
  readonly context: ProviderContext
  readonly redirectUri: string
  readonly source: MetadataSource
  readonly keys: SigningKeys
  /**
   * Without `signal` each call has its own time limit alone, and nothing outlives the operation: for what strangers may start.
   * @throws ProviderError `unavailable` when the metadata cannot be had
   */
  open(signal?: AbortSignal): Promise<ProtocolClient>
}

export function createProtocol(
  definition: ProviderDefinition,
  config: ProviderConfig,
  context: ProviderContext,
): Protocol {
  const issuer = config.issuer ?? definition.issuer
  const { clientId, clientSecret } = config
  const { clock, log, fetch, callTimeoutMs: timeoutMs } = context
  const source = definition.endpoints
    ? presetMetadata(issuer, { ...definition.endpoints, ...config.endpoints })
    : discoveredMetadata({
        provider: config.id,
        issuer,
        clientId,
        endpoints: config.endpoints,
        clock,
        log,
        fetch,
        timeoutMs,
      })
  const keys = createSigningKeys(clock)
  // The presets' providers know shared secrets only.
  const privateKey = definition.endpoints ? undefined : privateKeyIn(clientSecret)
  const authentication = privateKey ? byPrivateKey(privateKey) : bySecret(clientSecret)

  async function open(signal?: AbortSignal): Promise<ProtocolClient> {
    const metadata = await source.load()
    const bounded = createBoundedFetch({ fetch, timeoutMs, ...(signal && { signal }) })
    const algorithm = definition.oidc?.algorithm
    const configuration = new Configuration(
      metadata,
      clientId,
      {
        ...(!privateKey && { client_secret: clientSecret }),
        [clockSkew]: Math.round((clock() - Date.now()) / 1000),
        ...(algorithm && { id_token_signed_response_alg: algorithm }),
      },
      await authentication(metadata),
    )
    const refreshed: ProtocolClient['refreshed'] = {}
    configuration[customFetch] = async (url, init) => {
      const response = await bounded(url, init as RequestInit)
      if (init.method !== 'POST') return response
      const refreshing =
        init.body instanceof URLSearchParams && init.body.get('grant_type') === 'refresh_token'
      if (!refreshing) return normalise(response)
      // OIDC Core §12.2 makes the ID token of a refresh optional: one that cannot be read must not fail it, so openid-client gets none.
      refreshed.idToken = await idTokenIn(response.clone())
      return normalise(response, ['id_token'])
    }
    // Plain http is for loopback alone: the bounded fetch holds that.
    allowInsecureRequests(configuration)
    enableNonRepudiationChecks(configuration)
    keys.lend(configuration)
    return { metadata, configuration, fetch: bounded, refreshed }
  }

  const redirectUri = `${context.publicOrigin}/auth/callback/${config.id}`
  return { definition, config, context, redirectUri, source, keys, open }
}

async function idTokenIn(answer: Response): Promise<string | undefined> {
  const body: unknown = await answer.json().catch(() => undefined)
  return text(objectOrEmpty(body)['id_token'])
}
