import type { ProviderConfig } from '../../src/config/config.ts'
import type { Log } from '../../src/ops/log.ts'
import { createProviders, type ProvidersOptions } from '../../src/providers/create-providers.ts'
import type { AuthorizationChecks, Intent, Provider, Vouched } from '../../src/providers/provider.ts'
import { naverOidcEnv } from '../../src/testing/naver-simulator.ts'
import type { SimulatedProvider } from '../../src/testing/simulated-provider.ts'
import { startSimulators } from '../../src/testing/simulators.ts'

export const publicOrigin = 'http://localhost:3000'

/** A log that remembers, so that a test can see what operators see. */
export function recordingLog(): Log & { readonly lines: { event: string; fields: unknown }[] } {
  const lines: { event: string; fields: unknown }[] = []
  const write = (event: string, fields?: unknown) => void lines.push({ event, fields })
  return { lines, debug: write, info: write, warn: write, error: write }
}

export interface RoomOptions extends Partial<ProvidersOptions> {
  readonly ids?: readonly string[]
  readonly naverOidc?: boolean
  /** Changes a provider's configuration. */
  readonly configure?: (config: ProviderConfig) => ProviderConfig
  /** What the simulated providers do before anybody asks them. */
  readonly prepare?: (simulated: (id: string) => SimulatedProvider) => void
}

/** The providers room with simulated providers around it. */
export async function startRoom(options: RoomOptions = {}) {
  const { ids = ['kakao'], naverOidc = false, configure = (config) => config, prepare, ...rest } = options
  let ahead = 0
  const clock = () => Date.now() + ahead
  const log = recordingLog()
  const simulators = await startSimulators({ providers: ids, publicUrl: publicOrigin, clock })
  const oidc = naverOidc ? naverOidcEnv(simulators.all.get('naver')?.origin ?? '') : {}
  const env = { ...simulators.env, ...oidc }
  const simulated = (id: string) => simulators.all.get(id) as SimulatedProvider
  prepare?.(simulated)
  const providers = createProviders({
    providers: ids.map((id) => configure(configOf(id, env))),
    publicOrigin,
    kakaoAdminKey: env['KAKAO_ADMIN_KEY'],
    offlineAccess: false,
    clock,
    log,
    ...rest,
  })
  return {
    providers,
    log,
    clock,
    advance(ms: number) {
      ahead += ms
    },
    provider: (id: string) => providers.all.get(id) as Provider,
    simulated,
    /** The whole way: authorization request, the person's decision, the callback. */
    async login(id: string, intent: Intent = 'login'): Promise<Vouched> {
      const provider = providers.all.get(id) as Provider
      const { query, checks } = await reachCallback(provider, simulated(id), intent)
      return finish(provider, query, checks)
    },
    async close() {
      await providers.close()
      await simulators.close()
    },
  }
}

export type Room = Awaited<ReturnType<typeof startRoom>>

export function finish(provider: Provider, query: string, checks: AuthorizationChecks, timeoutMs = 10_000) {
  return provider.finish(query, checks, AbortSignal.timeout(timeoutMs))
}

/** From the login to the callback's query, by way of the consent page's button. */
export async function reachCallback(
  provider: Provider,
  simulated: SimulatedProvider,
  intent: Intent = 'login',
) {
  const { url, checks } = await provider.authorize(intent)
  const response = await fetch(url, {
    method: 'POST',
    body: new URLSearchParams({ persona: simulated.persona }),
    redirect: 'manual',
  })
  const location = response.headers.get('location')
  if (!location)
    throw new Error(`no way back from ${url.pathname}: ${response.status} ${await response.text()}`)
  return { url, checks, query: new URL(location).search.slice(1) }
}

function configOf(id: string, env: Readonly<Record<string, string>>): ProviderConfig {
  const prefix = id.toUpperCase().replaceAll('-', '_')
  const read = (name: string) => env[`${prefix}_${name}`]
  const endpoints = Object.entries({
    authorization: read('AUTHORIZATION_ENDPOINT'),
    token: read('TOKEN_ENDPOINT'),
    userinfo: read('USERINFO_ENDPOINT'),
    jwks: read('JWKS_URI'),
    revocation: read('REVOCATION_ENDPOINT'),
    endSession: read('END_SESSION_ENDPOINT'),
    unlink: read('UNLINK_ENDPOINT'),
  }).filter(([, value]) => value !== undefined)
  return {
    id,
    name: undefined,
    clientId: read('CLIENT_ID') ?? '',
    clientSecret: read('CLIENT_SECRET') ?? '',
    scope: read('SCOPE'),
    issuer: read('ISSUER'),
    endpoints: Object.fromEntries(endpoints),
  }
}
