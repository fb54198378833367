import type { Clock } from '../clock.ts'
import type { LogEvent } from '../ops/log.ts'
import type { Providers } from '../providers/provider.ts'
import type { HeldToken, Identity, MemberSession } from '../session/session.ts'
import type { Sessions } from '../session/sessions.ts'
import type { User, Users } from '../users/directory.ts'
import type { AttemptJar } from './attempt.ts'
import type { AttemptNotes } from './attempt-notes.ts'
import type { LastProvider } from './last-provider.ts'
import type { ProviderLogouts } from './provider-logout.ts'
import type { ReturnTo } from './return-to.ts'

/** Where the login flow sends the browser: local paths. */
export interface Pages {
  readonly home: string
  readonly login: string
  readonly signup: string
}

/** What happens to a person whom a provider vouches for and the directory does not know. */
export type Newcomers =
  | { readonly mode: 'form' }
  | { readonly mode: 'closed' }
  | { readonly mode: 'auto'; readonly create: (identity: Identity) => Promise<User> }

/** A login's end, for the metrics. */
export interface LoginOutcome {
  readonly provider: string
  readonly purpose: 'login' | 'link'
  /** `member`, `registering`, `linked`, or the error code. */
  readonly outcome: string
  /** Where the provider is the reason: which kind of failure. */
  readonly failureClass?: string
}

/** What the login room's use cases work with. */
export interface LoginRoom {
  readonly pages: Pages
  readonly publicOrigin: string
  readonly providers: Providers
  readonly sessions: Sessions
  readonly users: Users
  readonly newcomers: Newcomers
  readonly attempts: AttemptJar
  readonly attemptNotes: AttemptNotes
  readonly lastProvider: LastProvider
  readonly providerLogouts: ProviderLogouts
  readonly returnTo: ReturnTo
  readonly initialTokens: (
    member: Pick<MemberSession, 'user' | 'identity' | 'authenticatedAt'>,
    handle: string,
  ) => Promise<Readonly<Record<string, HeldToken>>>
  readonly clock: Clock
  readonly log: { readonly info: LogEvent; readonly warn: LogEvent; readonly error: LogEvent }
  readonly observe: (outcome: LoginOutcome) => void
}
