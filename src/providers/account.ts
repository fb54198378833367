import { decodeJwt } from 'jose'
import { refreshTokenGrant, tokenRevocation } from 'openid-client'
import { randomToken } from '../crypto/random.ts'
import type { Grant, Identity } from '../session/session.ts'
import { isProtected } from './bounded-fetch.ts'
import { toGrant } from './callback.ts'
import type { JsonObject } from './exact-json.ts'
import { toProviderError } from './failure.ts'
import { createLogoutTokens } from './logout-token.ts'
import type { Protocol } from './protocol-client.ts'
import { type ProviderAccount, ProviderError } from './provider.ts'

/** What can be done at the provider after a login. */
export function createAccount(protocol: Protocol): ProviderAccount {
  const { definition, config, context, source } = protocol
  const secrets = {
    clientId: config.clientId,
    clientSecret: config.clientSecret,
    adminKey: context.kakaoAdminKey,
  }
  const { readUnlinkNotice } = definition

  async function refresh(grant: Grant, signal: AbortSignal, subject?: string): Promise<Grant | undefined> {
    if (grant.refreshToken === undefined) return undefined
    const { configuration, metadata, refreshed } = await protocol.open(signal)
    try {
      const tokens = await refreshTokenGrant(configuration, grant.refreshToken)
      const { idToken } = refreshed
      if (idToken !== undefined && subject !== undefined && isOfAnother(idToken, metadata.issuer, subject))
        throw new ProviderError('code-rejected', { providerCode: 'id-token-of-another' })
      return toGrant(tokens, context.clock, grant)
    } catch (error) {
      throw toProviderError(error, 'refresh', definition.errorCodes)
    }
  }

  /**
   * OIDC Core §12.2: the ID token of a refresh must have the `iss` and `sub` of the sign-in. It came from the token endpoint over TLS,
   * so its signature proves nothing more (§3.1.3.7); one that cannot be read says nothing.
   */
  function isOfAnother(idToken: string, issuer: string, subject: string): boolean {
    const claims = claimsOf(idToken)
    if (!claims) return false
    const { profile } = definition
    const named = profile.from === 'claims' ? profile.person(claims).subject : claims['sub']
    // An issuer of many tenants has a placeholder in its name.
    return named !== subject || (!issuer.includes('{') && claims['iss'] !== issuer)
  }

  /** RFC 7009. False: there is nowhere to. */
  async function revokeToken(token: string, hint: string, signal: AbortSignal): Promise<boolean> {
    const { configuration, metadata } = await protocol.open(signal)
    if (metadata.revocation_endpoint === undefined) return false
    try {
      await tokenRevocation(configuration, token, { token_type_hint: hint })
      return true
    } catch (error) {
      const failure = toProviderError(error, 'revocation')
      // Google says so of a token that is gone already, which is what was asked for (RFC 7009 §2.2 would have it a 200).
      if (failure.providerCode === 'invalid_token') return true
      throw failure
    }
  }

  /** The refresh token if there is one: with it goes the whole grant (RFC 7009 §2.1). */
  async function revokeGrant(grant: Grant, signal: AbortSignal): Promise<boolean> {
    return grant.refreshToken === undefined
      ? revokeToken(grant.accessToken, 'access_token', signal)
      : revokeToken(grant.refreshToken, 'refresh_token', signal)
  }

  /** An access token that still counts; undefined: the grant is dead. */
  async function liveToken(grant: Grant, signal: AbortSignal): Promise<string | undefined> {
    if (grant.expiresAt === undefined || grant.expiresAt > context.clock()) return grant.accessToken
    try {
      return (await refresh(grant, signal))?.accessToken
    } catch (error) {
      if (error instanceof ProviderError && error.failure === 'code-rejected') return undefined
      throw error
    }
  }

  async function unlink(
    { subject }: Pick<Identity, 'subject'>,
    grant: Grant | undefined,
    signal: AbortSignal,
  ): Promise<boolean> {
    if (definition.unlink) {
      const endpoint = config.endpoints.unlink ?? definition.endpoints?.unlink
      if (endpoint === undefined) return false
      const { fetch } = await protocol.open(signal)
      const { adminKey } = secrets
      const accessToken = adminKey === undefined && grant ? await liveToken(grant, signal) : undefined
      return definition.unlink({ fetch, endpoint, subject, accessToken, adminKey })
    }
    if (!grant) return false
    if (!definition.revocationUnlinks) return revokeGrant(grant, signal)
    const token = await liveToken(grant, signal)
    return token !== undefined && revokeToken(token, 'access_token', signal)
  }

  return {
    refresh,
    unlink,
    async revoke(grant, signal) {
      if (!definition.revocationUnlinks) await revokeGrant(grant, signal)
    },
    logoutUrl(returnTo, identity) {
      const endpoint = source.known()?.end_session_endpoint
      return endpoint === undefined
        ? undefined
        : logoutUrl(protocol, new URL(endpoint), { returnTo, identity })
    },
    logoutForm(returnTo, idToken) {
      const endpoint = source.known()?.end_session_endpoint
      if (endpoint === undefined || !isProtected(new URL(endpoint))) return undefined
      const fields = {
        id_token_hint: idToken,
        client_id: config.clientId,
        [definition.logoutReturnParameter ?? 'post_logout_redirect_uri']: returnTo.href,
        state: randomToken(16),
      }
      return { action: endpoint, fields }
    },
    ...(definition.oidc && { readLogoutToken: createLogoutTokens(protocol) }),
    ...(readUnlinkNotice && { readUnlinkNotice: (notice) => readUnlinkNotice(notice, secrets) }),
  }
}

function claimsOf(idToken: string): JsonObject | undefined {
  try {
    return decodeJwt(idToken)
  } catch {
    return undefined
  }
}

/** RP-Initiated Logout 1.0 §2 (Kakao's own has another name for the return address). Never an ID token: URLs are seen. */
function logoutUrl(
  { definition, config }: Protocol,
  endpoint: URL,
  { returnTo, identity }: { returnTo: URL; identity: Identity },
): URL | undefined {
  if (!isProtected(endpoint)) return undefined
  const own = definition.logoutReturnParameter
  endpoint.searchParams.set('client_id', config.clientId)
  endpoint.searchParams.set(own ?? 'post_logout_redirect_uri', returnTo.href)
  const hint = identity.loginHint ?? identity.sid
  if (own === undefined && hint !== undefined) endpoint.searchParams.set('logout_hint', hint)
  return endpoint
}
