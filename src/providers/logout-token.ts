import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTPayload, jwtVerify } from 'jose'
import { withoutContent } from './failure.ts'
import type { Protocol } from './protocol-client.ts'
import { ProviderError } from './provider.ts'

const event = 'http://schemas.openid.net/event/backchannel-logout'
/** Not every `kid` that a stranger makes up is worth a call to the issuer. */
const refetchAfterMs = 30_000
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

/**
 * OIDC Back-Channel Logout 1.0 §2.6. Typed `logout+jwt` (ASVS V10.5.5): no other token of the issuer passes for one.
 * At most ten minutes old, so whoever remembers a `jti` for longer has seen every replay.
 * @throws ProviderError `stale-or-forged`; `unavailable` when the keys cannot be had
 */
export async function readLogoutToken(
  protocol: Protocol,
  token: string,
  signal: AbortSignal,
): Promise<{ jti: string; subject?: string; sid?: string }> {
  const { keys } = protocol
  const { fetch, metadata } = await protocol.open(signal)
  const uri = metadata.jwks_uri ?? ''
  const verify = (jwks: JSONWebKeySet) => verified(token, jwks, { protocol, issuer: metadata.issuer })
  const payload = await keys
    .read(fetch, uri)
    .then(verify)
    .catch(async (error: unknown) => {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error
      return verify(await keys.read(fetch, uri, refetchAfterMs))
    })
    .catch((error: unknown) => {
      if (error instanceof ProviderError) throw error
      const code = error instanceof errors.JOSEError ? error.code : 'logout-token'
      throw new ProviderError('stale-or-forged', { providerCode: code, cause: withoutContent(error) })
    })
  return judged(payload)
}

async function verified(
  token: string,
  jwks: JSONWebKeySet,
  { protocol, issuer }: { protocol: Protocol; issuer: string },
): Promise<JWTPayload> {
  const { payload } = await jwtVerify(token, createLocalJWKSet(jwks), {
    issuer,
    audience: protocol.config.clientId,
    typ: 'logout+jwt',
    algorithms,
    requiredClaims: ['iat', 'exp', 'jti'],
    maxTokenAge: maxAge,
    clockTolerance: 30,
    currentDate: new Date(protocol.context.clock()),
  })
  return payload
}

function judged(payload: JWTPayload): { jti: string; subject?: string; sid?: string } {
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
