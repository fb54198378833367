/** What the browser may know of its session: who, until when; never a token. Profiles have the sign-up schema's properties. */
export type Session<Profile = Record<string, unknown>> =
  | Loading
  | Unavailable
  | Anonymous
  | Registering
  | Member<Profile>

/** Not asked yet. */
export interface Loading {
  readonly state: 'loading'
}

/** Asked, but the server could not tell; asked again by itself. */
export interface Unavailable {
  readonly state: 'unavailable'
}

export interface Anonymous {
  readonly state: 'anonymous'
  /** Why a session ended within the last day: `expired`, `signed-out`, `ended-elsewhere`, … */
  readonly reason?: string
  /** Signing in again did not last, twice (`signInAgain`): say so, perhaps that cookies are blocked, instead of going round again. */
  readonly stuck?: true
}

/** A provider has vouched for somebody who is no user yet. */
export interface Registering {
  readonly state: 'registering'
  readonly provider: string
  readonly suggested: { readonly nickname?: string; readonly email?: string; readonly picture?: string }
  readonly returnTo: string
  /** ISO 8601. */
  readonly expiresAt: string
}

export interface Member<Profile = Record<string, unknown>> {
  readonly state: 'member'
  readonly user: Profile & { readonly id: string }
  readonly provider: string
  /** When it ends if nothing is done; ISO 8601. */
  readonly expiresAt: string
  /** When it ends whatever is done; ISO 8601. */
  readonly absoluteExpiresAt: string
  /** The session's public name in lists; not the ticket. */
  readonly sessionId: string
}

/** Where else the person is signed in. */
export interface SessionEntry {
  readonly id: string
  readonly current: boolean
  readonly provider: string
  readonly device: string
  readonly createdAt: string
  readonly lastSeenAt: string
}
