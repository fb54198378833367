import type { Clock } from '../clock.ts'
import type { ProviderConfig } from '../config/config.ts'
import { skipInterimAnswersOfFetch } from '../http/interim-answers.ts'
import type { Log } from '../ops/log.ts'
import { createProvider } from './create-provider.ts'
import type { ProviderDefinition } from './definition.ts'
import { google } from './google.ts'
import { kakao } from './kakao.ts'
import { naver, naverOidc } from './naver.ts'
import { oidcIssuer } from './oidc-issuer.ts'
import type { Providers } from './provider.ts'

export interface ProvidersOptions {
  /** In the order of PROVIDERS. */
  readonly providers: readonly ProviderConfig[]
  readonly publicOrigin: string
  readonly kakaoAdminKey: string | undefined
  /** API calls carry the provider's token, or one exchanged for it. */
  readonly offlineAccess: boolean
  readonly clock: Clock
  readonly log: Log
  readonly fetch?: typeof fetch
  /** For one call out, its body included; default 5 s. */
  readonly callTimeoutMs?: number
}

/** Everybody who may vouch for people here. Never fails because one of them is down: that one recovers by itself. */
export function createProviders({ providers, fetch, callTimeoutMs, ...shared }: ProvidersOptions): Providers {
  skipInterimAnswersOfFetch()
  const context = { ...shared, fetch: fetch ?? globalThis.fetch, callTimeoutMs: callTimeoutMs ?? 5_000 }
  const running = providers.map((config) => createProvider(definitionOf(config), config, context))
  for (const one of running) one.warmUp()
  return {
    all: new Map(running.map(({ provider }) => [provider.id, provider])),
    formOrigins: () => [...new Set(running.flatMap((one) => one.origins()))],
    async close() {
      for (const one of running) one.close()
    },
  }
}

function definitionOf({ id, issuer }: ProviderConfig): ProviderDefinition {
  if (id === 'kakao') return kakao
  if (id === 'google') return google
  if (id === 'naver') return issuer === undefined ? naver : naverOidc
  return oidcIssuer(id, issuer ?? '')
}
