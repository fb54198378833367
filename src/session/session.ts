/** What a provider vouched for: one identity. Keyed by (provider, subject), never by e-mail (ASVS V6.8.1). */
export interface Identity {
  readonly provider: string
  /** Opaque, case-sensitive, at most 255 characters. */
  readonly subject: string
  /** The provider's session id, for back-channel logout by `sid`. */
  readonly sid?: string
  /** What the provider wants to hear at its logout instead of `sid`; never an e-mail address. */
  readonly loginHint?: string
  readonly email?: string
  readonly emailVerified: boolean
  readonly nickname?: string
  /** https URL. */
  readonly picture?: string
}

/** The provider's tokens for one person. They never leave the server. */
export interface Grant {
  readonly accessToken: string
  /** Milliseconds since the epoch; absent: unknown. */
  readonly expiresAt?: number
  readonly refreshToken?: string
  readonly scope?: string
}

/** A token that coatcheck issued or exchanged for one audience. */
export interface HeldToken {
  readonly token: string
  readonly expiresAt: number
}

interface SignedIn {
  readonly identity: Identity
  readonly grant?: Grant
  /** When the person last proved to the provider who they are, ms: `auth_time`, or the callback's time at providers that never send it; 0: there is no proof. */
  readonly authenticatedAt: number
  /** For the provider's own logout, where that is configured to carry it. */
  readonly idToken?: string
}

/** A provider has vouched for somebody who is no user yet: may sign up and nothing else. */
export interface RegisteringSession extends SignedIn {
  readonly state: 'registering'
  /** Where sign-up leads in the end: a local path. */
  readonly returnTo: string
}

export interface MemberSession extends SignedIn {
  readonly state: 'member'
  readonly user: SessionUser
  /** By audience (`service`) or by the kind of token; renewed in place. */
  readonly tokens: Readonly<Record<string, HeldToken>>
}

/** A user as the session, the browser and the API see one: an id and the sign-up schema's properties. */
export interface SessionUser {
  readonly id: string
  readonly profile: Readonly<Record<string, unknown>>
}

export type Session = RegisteringSession | MemberSession

/** A session that somebody came with, opened. */
export interface OpenSession {
  /** The secret in the cookie. Never logged, never stored. */
  readonly ticket: string
  /** SHA-256 of the ticket, base64url: the session's public name. */
  readonly handle: string
  /** ms since the epoch. */
  readonly createdAt: number
  readonly seenAt: number
  readonly session: Session
}

/** Why a session ended: what an anonymous caller with its ticket is told for 24 hours. */
export type EndReason =
  | 'expired'
  | 'signed-out'
  | 'ended-elsewhere'
  | 'ended-by-provider'
  | 'session-limit'
  | 'account-disabled'
  | 'account-deleted'
  | 'provider-grant-ended'
  | 'replaced'
