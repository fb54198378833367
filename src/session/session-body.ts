import type { OpenSession } from './session.ts'
import type { SessionLimits } from './session-limits.ts'
import type { SessionBody } from './sessions.ts'

const iso = (ms: number) => new Date(ms).toISOString()

/** What the browser may know of its own session (CONTRACT §4): no token, no ticket, nothing of the provider's but a suggestion. */
export function describeSession(open: OpenSession, limits: SessionLimits): SessionBody {
  const { session, handle } = open
  const { provider, nickname, email, picture } = session.identity
  const expiresAt = iso(limits.endsAt(open))
  if (session.state === 'registering') {
    const suggested = {
      ...(nickname !== undefined && { nickname }),
      ...(email !== undefined && { email }),
      ...(picture !== undefined && { picture }),
    }
    return { state: 'registering', provider, suggested, returnTo: session.returnTo, expiresAt }
  }
  return {
    state: 'member',
    user: { ...session.user.profile, id: session.user.id },
    provider,
    expiresAt,
    absoluteExpiresAt: iso(limits.absoluteEndsAt(open)),
    sessionId: handle,
  }
}
