import { authorizationCodeGrant, type TokenEndpointResponse } from 'openid-client'
import type { Clock } from '../clock.ts'
import type { Grant } from '../session/session.ts'
import { toProviderError } from './failure.ts'
import { text, toIdentity } from './person.ts'
import { readPerson } from './profile.ts'
import type { Protocol, ProtocolClient } from './protocol-client.ts'
import { type AuthorizationChecks, ProviderError, type Vouched } from './provider.ts'

/** How far a provider's clock may be off. */
const skewMs = 30_000
/** A sign-in without proof is older than any limit. */
const neverMs = 0

/** RFC 6749 §4.1.2–4.1.4: the whole callback query is judged, the code exchanged, the ID token verified, the profile read. */
export async function finish(
  protocol: Protocol,
  { query, checks, signal }: { query: string; checks: AuthorizationChecks; signal: AbortSignal },
): Promise<Vouched> {
  const { config, context } = protocol
  const client = await protocol.open(signal)
  const tokens = await exchange(protocol, client, { query, checks })
  const claims = tokens.claims()
  const now = context.clock()
  const authenticatedAt = provesSignIn(protocol) ? (provenAt(claims?.['auth_time'], now) ?? neverMs) : now
  const { authenticatedAfter } = checks
  // OIDC Core §3.1.2.1: a person who was asked to sign in again must have done so, and the provider must say so.
  if (authenticatedAfter !== undefined && authenticatedAt < authenticatedAfter - skewMs)
    throw new ProviderError('stale-or-forged', { providerCode: 'auth_time' })

  const person = await readPerson(protocol, client, { accessToken: tokens.access_token, claims })
  // The profile's person and the ID token's must be one (OIDC Core §5.3.2).
  if (claims && person.subject !== claims.sub)
    throw new ProviderError('profile-unusable', { providerCode: 'subject-mismatch' })
  const sid = typeof claims?.['sid'] === 'string' ? claims['sid'] : undefined
  const identity = toIdentity(config.id, person, sid)
  if (!identity) throw new ProviderError('profile-unusable', { providerCode: 'subject' })
  const grant = toGrant(tokens, context.clock)
  const loginHint = text(claims?.['login_hint'])
  // A logout hint ends up in URLs and logs (RP-Initiated Logout 1.0 §2): no address of a person's.
  const hinted = loginHint !== undefined && loginHint.length <= 256 && !loginHint.includes('@')
  const idToken = config.logoutHint === 'id_token' ? tokens.id_token : undefined
  return {
    identity: { ...identity, ...(hinted && { loginHint }) },
    grant,
    authenticatedAt,
    ...(idToken !== undefined && { idToken }),
  }
}

async function exchange(
  { definition, redirectUri, keys }: Protocol,
  { configuration }: ProtocolClient,
  { query, checks }: { query: string; checks: AuthorizationChecks },
) {
  const { state, nonce, codeVerifier } = checks
  try {
    return await authorizationCodeGrant(
      configuration,
      // From our own origin, never from Host: openid-client sends its path as redirect_uri.
      new URL(`${redirectUri}?${query}`),
      {
        expectedState: state,
        idTokenExpected: definition.oidc !== undefined,
        ...(nonce !== undefined && { expectedNonce: nonce }),
        ...(codeVerifier !== undefined && { pkceCodeVerifier: codeVerifier }),
      },
      definition.stateInTokenRequest ? { state } : {},
    )
  } catch (error) {
    throw toProviderError(error, 'token', definition.errorCodes)
  } finally {
    keys.keep(configuration)
  }
}

/** What a token answer grants; `previous` is what a refresh starts from and may leave out (RFC 6749 §6). */
export function toGrant(tokens: TokenEndpointResponse, clock: Clock, previous?: Grant): Grant {
  const refreshToken = tokens.refresh_token ?? previous?.refreshToken
  const scope = tokens.scope ?? previous?.scope
  return {
    accessToken: tokens.access_token,
    ...(tokens.expires_in !== undefined && { expiresAt: clock() + tokens.expires_in * 1000 }),
    ...(refreshToken !== undefined && { refreshToken }),
    ...(scope !== undefined && { scope }),
  }
}

/** Whether `auth_time` of this provider's ID tokens says when the person signed in. */
export function provesSignIn({ definition: { oidc } }: Pick<Protocol, 'definition'>): boolean {
  return oidc !== undefined && oidc.provesSignIn !== false
}

/** `auth_time` in ms (OIDC Core §2: a NumericDate); undefined where it is missing or can be no moment of a sign-in. */
function provenAt(value: unknown, now: number): number | undefined {
  if (typeof value !== 'number' || !(value > 0) || value * 1000 > now + skewMs) return undefined
  // A clock that runs ahead of ours does not make a sign-in younger than now.
  return Math.min(value * 1000, now)
}
