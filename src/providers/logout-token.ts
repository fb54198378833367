import {
  createLocalJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  errors,
  type JSONWebKeySet,
  type JWTPayload,
  type JWTVerifyOptions,
  jwtVerify,
} from 'jose'
import type { ServerMetadata } from 'openid-client'
import type { BoundedFetch } from './bounded-fetch.ts'
import { withoutContent } from './failure.ts'
import type { Protocol } from './protocol-client.ts'
import { ProviderError } from './provider.ts'

const event = 'http://schemas.openid.net/event/backchannel-logout'
/** Strangers can send tokens with any `kid`: an unknown one, and an address that fails, is asked about once in this time. */
const askAgainMs = 10_000
const maxAge = '10m'
const algorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
]

export interface LogoutToken {
  readonly jti: string
  readonly subject?: string
  readonly sid?: string
}

/**
 * OIDC Back-Channel Logout 1.0 §2.6. Many providers give no type or `JWT`; the event, which no other token has, and the absence of
 * a nonce tell a logout token from an ID token. At most ten minutes old, so a `jti` that is remembered for longer catches every replay.
 * @returns a reader that throws ProviderError `stale-or-forged`; `unavailable` when the keys cannot be had
 */
export function createLogoutTokens(
  protocol: Protocol,
): (token: string, signal: AbortSignal) => Promise<LogoutToken> {
  const { keys, config, context } = protocol
  let forcedAt = Number.NEGATIVE_INFINITY
  let failedAt = Number.NEGATIVE_INFINITY
  const lately = (at: number) => context.clock() - at < askAgainMs

  async function readKeys(fetch: BoundedFetch, uri: string, newerThanMs?: number): Promise<JSONWebKeySet> {
    if (lately(failedAt)) throw new ProviderError('unavailable', { providerCode: 'jwks' })
    try {
      return await keys.read(fetch, uri, newerThanMs)
    } catch (error) {
      failedAt = context.clock()
      throw error
    }
  }

  async function verified(token: string, signal: AbortSignal): Promise<JWTPayload> {
    const { fetch, metadata } = await protocol.open(signal)
    const allowed = idTokenAlgorithms(protocol, metadata)
    const options: JWTVerifyOptions = {
      issuer: metadata.issuer,
      audience: config.clientId,
      algorithms: allowed,
      requiredClaims: ['iat', 'exp', 'jti'],
      maxTokenAge: maxAge,
      clockTolerance: 30,
      currentDate: new Date(context.clock()),
    }
    // What could never hold is worth no call to the issuer.
    judgeUnverified(token, { issuer: metadata.issuer, clientId: config.clientId })
    if (allowed[0]?.startsWith('HS'))
      return (await jwtVerify(token, new TextEncoder().encode(config.clientSecret), options)).payload
    const uri = metadata.jwks_uri ?? ''
    const verify = async (jwks: JSONWebKeySet) =>
      (await jwtVerify(token, createLocalJWKSet(jwks), options)).payload
    try {
      return await verify(await readKeys(fetch, uri))
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || lately(forcedAt)) throw error
      // The issuer may have changed its key a moment ago, however young the keys at hand are.
      forcedAt = context.clock()
      return verify(await readKeys(fetch, uri, 0))
    }
  }

  return async (token, signal) => {
    try {
      return judged(await verified(token, signal))
    } catch (error) {
      if (error instanceof ProviderError) throw error
      const code = error instanceof errors.JOSEError ? error.code : 'logout-token'
      throw new ProviderError('stale-or-forged', { providerCode: code, cause: withoutContent(error) })
    }
  }
}

/** Those that this issuer may sign ID tokens with (§2.6), as the callback judges them. */
function idTokenAlgorithms({ definition }: Protocol, metadata: ServerMetadata): string[] {
  const one = definition.oidc?.algorithm
  if (one !== undefined) return [one]
  const published = metadata.id_token_signing_alg_values_supported
  // OIDC Core §2: RS256 unless something else was agreed on.
  return Array.isArray(published) ? algorithms.filter((name) => published.includes(name)) : ['RS256']
}

/** Type, issuer, audience and content, before any signature is looked at. */
function judgeUnverified(token: string, { issuer, clientId }: { issuer: string; clientId: string }): void {
  const { typ } = decodeProtectedHeader(token)
  const payload = decodeJwt(token)
  const type = typeof typ === 'string' ? typ.toLowerCase().replace(/^application\//, '') : typ
  const named = [payload.aud].flat().includes(clientId)
  if ((type !== undefined && type !== 'logout+jwt' && type !== 'jwt') || payload.iss !== issuer || !named)
    throw new ProviderError('stale-or-forged', { providerCode: 'logout-token' })
  judged(payload)
}

function judged(payload: JWTPayload): LogoutToken {
  const { events, jti, nonce, sub, sid } = payload as Readonly<Record<string, unknown>>
  const isObject = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value)
  const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''
  const holds =
    isObject(events) &&
    isObject((events as Record<string, unknown>)[event]) &&
    // §2.4: with a nonce it could be an ID token.
    nonce === undefined &&
    isText(jti) &&
    (sub === undefined || isText(sub)) &&
    (sid === undefined || isText(sid)) &&
    (sub !== undefined || sid !== undefined)
  if (!holds) throw new ProviderError('stale-or-forged', { providerCode: 'logout-token' })
  return { jti, ...(isText(sub) && { subject: sub }), ...(isText(sid) && { sid }) }
}
