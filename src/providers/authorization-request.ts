import {
  buildAuthorizationUrl,
  buildAuthorizationUrlWithPAR,
  calculatePKCECodeChallenge,
  randomPKCECodeVerifier,
  randomState,
  type ServerMetadata,
} from 'openid-client'
import { provesSignIn } from './callback.ts'
import { toProviderError } from './failure.ts'
import type { Protocol } from './protocol-client.ts'
import { type AuthorizationChecks, type Intent, ProviderError } from './provider.ts'

/** RFC 6749 §4.1.1 with `state`, PKCE S256 and `nonce` wherever the provider takes them; pushed (RFC 9126) where it offers that. */
export async function authorize(
  protocol: Protocol,
  intent: Intent,
): Promise<{ url: URL; checks: AuthorizationChecks }> {
  const { definition, redirectUri } = protocol
  const { configuration, metadata } = await protocol.open()
  const checks = newChecks(protocol, intent, metadata)
  const parameters = new URLSearchParams({
    redirect_uri: redirectUri,
    state: checks.state,
    ...requested(protocol, intent, metadata),
    ...(checks.nonce !== undefined && { nonce: checks.nonce }),
    ...(checks.codeVerifier !== undefined && {
      code_challenge: await calculatePKCECodeChallenge(checks.codeVerifier),
      code_challenge_method: 'S256',
    }),
  })
  const pushed = metadata.pushed_authorization_request_endpoint !== undefined
  try {
    const url = pushed
      ? await buildAuthorizationUrlWithPAR(configuration, parameters)
      : buildAuthorizationUrl(configuration, parameters)
    return { url, checks }
  } catch (error) {
    throw toProviderError(error, 'authorization', definition.errorCodes)
  }
}

function newChecks(protocol: Protocol, intent: Intent, metadata: ServerMetadata) {
  const { definition, context } = protocol
  const methods = metadata.code_challenge_methods_supported
  const pkce = definition.pkce && (methods === undefined || methods.includes('S256'))
  return {
    state: randomState(),
    ...(definition.oidc && { nonce: definition.oidc.nonce() }),
    ...(pkce && { codeVerifier: randomPKCECodeVerifier() }),
    ...(intent === 'reauthenticate' && provesSignIn(protocol) && { authenticatedAfter: context.clock() }),
  }
}

/** Scope and what the intent means here. @throws ProviderError `misconfigured` for an intent the provider has no words for */
function requested(
  { definition, config, context }: Protocol,
  intent: Intent,
  metadata: ServerMetadata,
): Record<string, string> {
  const own = definition.intents[intent]
  if (!own) throw new ProviderError('misconfigured', { providerCode: 'intent' })
  const offline = context.offlineAccess ? { ...definition.offline } : {}
  const scope = scopeOf({ definition, config, context }, metadata)
  const prompts = new Set([
    ...(own['prompt']?.split(' ') ?? []),
    ...(offline['prompt']?.split(' ') ?? []),
    // OIDC Core §11: offline access is granted with consent, or not at all.
    ...(scope?.split(' ').includes('offline_access') ? ['consent'] : []),
  ])
  return {
    ...own,
    ...offline,
    ...(scope !== undefined && { scope }),
    ...(prompts.size > 0 && { prompt: [...prompts].join(' ') }),
  }
}

function scopeOf(
  { definition, config, context }: Pick<Protocol, 'definition' | 'config' | 'context'>,
  metadata: ServerMetadata,
): string | undefined {
  const scope = config.scope ?? definition.scope
  if (!definition.oidc) return scope
  const scopes = new Set(scope?.split(/[\s,]+/).filter(Boolean))
  // Without `openid` there would be no ID token (OIDC Core §3.1.2.1).
  const openid = scopes.has('openid') ? [...scopes] : ['openid', ...scopes]
  const offline =
    context.offlineAccess &&
    config.scope === undefined &&
    metadata.scopes_supported?.includes('offline_access') === true
  return [...openid, ...(offline ? ['offline_access'] : [])].join(' ')
}
