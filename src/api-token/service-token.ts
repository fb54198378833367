import { randomUUID } from 'node:crypto'
import type { JWTPayload } from 'jose'
import type { Clock } from '../clock.ts'
import type { HeldToken, MemberSession } from '../session/session.ts'
import type { KeyRing } from './key-ring.ts'

export interface ServiceTokenSettings {
  readonly issuer: string
  readonly lifetimeMs: number
}

/** Whom a token is about: what of a member session becomes claims. */
export type TokenSubject = Pick<MemberSession, 'user' | 'identity' | 'authenticatedAt'>

/** Issues one service token. */
export type IssueToken = (subject: TokenSubject, handle: string, audience: string) => Promise<HeldToken>

// The sign-up schema cannot name these (they are refused at start); a profile written under an older schema might.
const reserved = new Set(
  `iss sub aud exp nbf iat jti client_id sid provider scope scp roles groups permissions entitlements
   auth_time acr amr azp act cnf may_act`.split(/\s+/),
)

/** A token must have 30 s left when it leaves; one that lives no longer could never be used. */
export const shortestLifetimeMs = 31_000

/** Issues access tokens as RFC 9068 has them, for the API behind one route. */
export function createIssueToken(ring: KeyRing, settings: ServiceTokenSettings, clock: Clock): IssueToken {
  const lifetimeSeconds = Math.ceil(Math.max(settings.lifetimeMs, shortestLifetimeMs) / 1000)

  return async function issueToken({ user, identity, authenticatedAt }, handle, audience) {
    const profile = Object.entries(user.profile).filter(([name]) => !reserved.has(name))
    const issuedAt = Math.floor(clock() / 1000)
    const claims: JWTPayload = {
      ...Object.fromEntries(profile),
      // RFC 9068 §2.2: all REQUIRED claims, and auth_time of §2.2.1.
      iss: settings.issuer,
      aud: audience,
      sub: user.id,
      client_id: 'coatcheck',
      iat: issuedAt,
      exp: issuedAt + lifetimeSeconds,
      jti: randomUUID(),
      sid: handle,
      provider: identity.provider,
      auth_time: Math.floor(authenticatedAt / 1000),
    }
    return { token: await ring.sign(claims), expiresAt: (issuedAt + lifetimeSeconds) * 1000 }
  }
}
