import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../clock.ts'
import { Problem } from '../http/problem.ts'
import type { Log } from '../ops/log.ts'
import type { Grant, Identity, MemberSession, OpenSession } from '../session/session.ts'
import type { SessionIndex, TicketedSessions } from '../session/sessions.ts'
import { answerWithinMs, type OneAtATime, type Renewed } from './fleet-renewal.ts'
import { createRenewals } from './renewals.ts'
import { createUnsavedGrants, sameGrant } from './unsaved-grants.ts'

/**
 * A fresh grant from a provider (the refresh token kept where the answer has none); undefined: nothing to refresh with.
 * Throws an error whose `failure` is `code-rejected` when the grant is dead; anything else is transient.
 */
export type RefreshGrant = (
  of: Pick<Identity, 'provider' | 'subject'>,
  grant: Grant,
  signal: AbortSignal,
) => Promise<Grant | undefined>

export interface ProviderTokensOptions {
  readonly tickets: TicketedSessions
  readonly index: SessionIndex
  readonly oneAtATime: OneAtATime
  readonly refresh: RefreshGrant
  readonly clock: Clock
  readonly log: Log
}

export type ProviderToken = (
  open: OpenSession,
  session: MemberSession,
  rejected?: string,
) => string | undefined | Promise<string | undefined>

/** Kind `provider`: the provider's own access token, refreshed before it expires, once in the whole fleet. */
export function createProviderTokens(options: ProviderTokensOptions): ProviderToken {
  const { tickets, index, oneAtATime, refresh, clock, log } = options
  const renewals = createRenewals({ earlyMs: 60_000, leastMs: 0 }, clock, log)
  const unsaved = createUnsavedGrants()

  const keyOf = (open: OpenSession) => `provider:${open.handle}`
  const alive = ({ expiresAt }: Grant) => expiresAt === undefined || expiresAt > clock()

  async function memberNow(open: OpenSession): Promise<MemberSession | undefined> {
    const session = (await tickets.open(open.ticket))?.session
    return session?.state === 'member' ? session : undefined
  }

  async function ended(open: OpenSession, { user, identity }: MemberSession): Promise<Renewed> {
    // Browser-based apps draft §6.1.2.2: a session does not outlive the grant it stands on.
    await index.end({ handle: open.handle, userId: user.id }, 'provider-grant-ended')
    unsaved.drop(open.handle)
    log.info('token.grant-ended', { provider: identity.provider, session: open.handle })
    return { outcome: 'dead', token: undefined }
  }

  async function renew(open: OpenSession, before: Grant | undefined, rejected?: string): Promise<Renewed> {
    const member = await memberNow(open)
    if (!member) return { outcome: 'reused', token: undefined }
    const { grant } = member
    if (!grant) return ended(open, member)
    // Has somebody renewed it since the caller looked? Told by the token, not by its age: some last only seconds.
    const renewedMeanwhile =
      grant.accessToken === rejected
        ? renewals.refusedLately(keyOf(open))
        : grant.accessToken !== before?.accessToken || rejected !== undefined
    if (renewedMeanwhile && alive(grant)) return { outcome: 'reused', token: grant.accessToken }

    const fresh = unsaved.successor(open.handle, grant) ?? (await refreshed(open, member, grant))
    if (fresh === 'dead') {
      // Somebody whose lease had run out may have been quicker: one more look.
      const again = await memberNow(open)
      if (!again?.grant) return { outcome: 'dead', token: undefined }
      if (sameGrant(again.grant, grant)) return ended(open, again)
      return { outcome: 'reused', token: again.grant.accessToken }
    }
    if (fresh) return { outcome: 'renewed', token: await saved(open, grant, fresh) }
    return alive(grant) ? { outcome: 'reused', token: grant.accessToken } : ended(open, member)
  }

  async function refreshed(open: OpenSession, { identity }: MemberSession, grant: Grant) {
    const { provider } = identity
    try {
      return await refresh(identity, grant, AbortSignal.timeout(answerWithinMs))
    } catch (error) {
      if ((error as { failure?: unknown }).failure === 'code-rejected') return 'dead' as const
      log.warn('token.refresh-failed', { provider, session: open.handle, error })
      throw new Problem('token-unavailable', { cause: error })
    }
  }

  /** The access token to use now; undefined: the session has ended meanwhile. */
  async function saved(open: OpenSession, spent: Grant, fresh: Grant): Promise<string | undefined> {
    unsaved.keep(open.handle, spent, fresh)
    for (let pause = 50; ; pause *= 3) {
      try {
        const written = await tickets.update(open, (session) =>
          session.grant && sameGrant(session.grant, spent) ? { ...session, grant: fresh } : undefined,
        )
        unsaved.drop(open.handle)
        return written ? fresh.accessToken : (await memberNow(open))?.grant?.accessToken
      } catch (error) {
        if (pause > 1_000) {
          log.error('token.grant-not-saved', { session: open.handle, error })
          return fresh.accessToken
        }
        await sleep(pause)
      }
    }
  }

  return function providerToken(open, { grant }, rejected) {
    return renewals.tokenFor({
      key: keyOf(open),
      held: grant && { ...grant, token: grant.accessToken },
      rejected,
      renew: () => oneAtATime('provider', open.handle, () => renew(open, grant, rejected)),
    })
  }
}
