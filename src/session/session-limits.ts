import type { OpenSession, Session } from './session.ts'

/** Durations in ms. */
export interface SessionTimeouts {
  readonly idleTimeoutMs: number
  readonly absoluteTimeoutMs: number
  readonly signupTimeoutMs: number
}

type Aged = Pick<OpenSession, 'createdAt' | 'seenAt'> & { readonly session: Pick<Session, 'state'> }

/** When sessions end by themselves; moments in ms since the epoch (ASVS V7.3.1, V7.3.2). */
export interface SessionLimits {
  /** The nearer of the idle and the absolute limit; a registering session has one limit, however busy it is. */
  endsAt(open: Aged): number
  absoluteEndsAt(open: Aged): number
  /** Use is written down at most once in this time, so the idle limit holds to within a tenth of the timeout. */
  readonly slideEveryMs: number
}

export function createSessionLimits({
  idleTimeoutMs,
  absoluteTimeoutMs,
  signupTimeoutMs,
}: SessionTimeouts): SessionLimits {
  const absoluteEndsAt = ({ createdAt, session }: Aged) =>
    createdAt + (session.state === 'member' ? absoluteTimeoutMs : signupTimeoutMs)
  return {
    absoluteEndsAt,
    endsAt(open) {
      const absolute = absoluteEndsAt(open)
      return open.session.state === 'member' ? Math.min(absolute, open.seenAt + idleTimeoutMs) : absolute
    },
    slideEveryMs: Math.min(60_000, idleTimeoutMs / 10),
  }
}
