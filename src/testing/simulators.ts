import { googleSimulator } from './google-simulator.ts'
import { kakaoSimulator } from './kakao-simulator.ts'
import { naverSimulator } from './naver-simulator.ts'
import { oidcSimulator } from './oidc-simulator.ts'
import { type SimulatedProvider, startSimulatedProvider } from './simulated-provider.ts'
import type { Surface } from './surface.ts'

export interface SimulatorsOptions {
  /** Ids as in PROVIDERS: kakao, naver, google, or any other for a plain OpenID Connect issuer. */
  readonly providers: readonly string[]
  /** coatcheck's PUBLIC_URL: each provider knows its `/auth/callback/{id}`, and nothing else. */
  readonly publicUrl: string
  readonly clock?: () => number
  /** The first one's port, the others follow; default: free ones. */
  readonly port?: number
}

export interface Simulators {
  readonly all: ReadonlyMap<string, SimulatedProvider>
  /** PROVIDERS, each one's client, addresses and issuer, and KAKAO_ADMIN_KEY. */
  readonly env: Readonly<Record<string, string>>
  close(): Promise<void>
}

const known: Readonly<Record<string, Surface>> = {
  kakao: kakaoSimulator,
  naver: naverSimulator,
  google: googleSimulator,
}

/** Kakao, Naver, Google and friends on loopback, for tests and for the demo: real paths, parameters, bodies; no account needed. */
export async function startSimulators(options: SimulatorsOptions): Promise<Simulators> {
  const { providers, publicUrl, clock = Date.now, port } = options
  const { origin } = new URL(publicUrl)
  const started = await Promise.all(
    providers.map((id, index) =>
      startSimulatedProvider(known[id] ?? oidcSimulator(id), {
        clock,
        redirectUris: [`${origin}/auth/callback/${id}`],
        ...(port !== undefined && { port: port + index }),
      }),
    ),
  )
  const kakao = started.find(({ id }) => id === 'kakao')
  return {
    all: new Map(started.map((one) => [one.id, one])),
    env: {
      PROVIDERS: providers.join(','),
      ...Object.assign({}, ...started.map(({ env }) => env)),
      ...(kakao && { KAKAO_ADMIN_KEY: kakao.adminKey }),
    },
    async close() {
      await Promise.all(started.map((one) => one.stop()))
    },
  }
}
