import type { Clock } from '../clock.ts'
import { Problem } from '../http/problem.ts'
import type { Log } from '../ops/log.ts'
import type { HeldToken, MemberSession, OpenSession } from '../session/session.ts'
import type { TicketedSessions } from '../session/sessions.ts'
import { answerWithinMs, type OneAtATime, type Renewed } from './fleet-renewal.ts'
import type { ProviderToken } from './provider-tokens.ts'
import { createRenewals } from './renewals.ts'
import { ExchangeError, type ExchangeToken } from './token-exchange.ts'

export interface ExchangedTokensOptions {
  readonly tickets: TicketedSessions
  readonly oneAtATime: OneAtATime
  readonly providerToken: ProviderToken
  readonly exchange: ExchangeToken
  readonly clock: Clock
  readonly log: Log
}

/** Under what name a session holds it: no audience of a service token is called so. */
const heldAs = 'urn:ietf:params:oauth:grant-type:token-exchange'

/** Kind `exchange`: a token that another issuer gives for the provider's; cached until it is too old, then exchanged again. */
export function createExchangedTokens(options: ExchangedTokensOptions): ProviderToken {
  const { tickets, oneAtATime, providerToken, exchange, clock, log } = options
  const renewals = createRenewals({ earlyMs: 60_000, leastMs: 0 }, clock, log)
  const keyOf = (open: OpenSession) => `exchange:${open.handle}`

  async function renew(
    open: OpenSession,
    before: HeldToken | undefined,
    rejected?: string,
  ): Promise<Renewed> {
    const newest = await tickets.open(open.ticket)
    if (newest?.session.state !== 'member') return { outcome: 'reused', token: undefined }
    const held = newest.session.tokens[heldAs]
    const renewedMeanwhile =
      held?.token === rejected
        ? renewals.refusedLately(keyOf(open))
        : held?.token !== before?.token || rejected !== undefined
    if (held && renewedMeanwhile && held.expiresAt > clock()) return { outcome: 'reused', token: held.token }

    const fresh = await exchanged(newest, newest.session)
    if (!fresh) return { outcome: 'dead', token: undefined }
    const written = await tickets.update(newest, (session) =>
      session.state === 'member' ? { ...session, tokens: { ...session.tokens, [heldAs]: fresh } } : undefined,
    )
    return { outcome: 'renewed', token: written && fresh.token }
  }

  /** undefined: the provider's grant is dead, the session has ended. */
  async function exchanged(open: OpenSession, member: MemberSession): Promise<HeldToken | undefined> {
    const exchangeInTime = (subject: string) => exchange(subject, AbortSignal.timeout(answerWithinMs))
    try {
      const subject = await providerToken(open, member)
      if (subject === undefined) return undefined
      try {
        return await exchangeInTime(subject)
      } catch (error) {
        if (!(error instanceof ExchangeError && error.subjectRefused)) throw error
        // The provider may have revoked it early: with a newer one, once more.
        const newer = await providerToken(open, member, subject)
        if (newer === undefined) return undefined
        if (newer === subject) throw error
        return await exchangeInTime(newer)
      }
    } catch (error) {
      if (!(error instanceof ExchangeError)) throw error
      log.warn('token.exchange-failed', {
        session: open.handle,
        status: error.status,
        code: error.code,
        error,
      })
      throw new Problem('token-unavailable', { cause: error })
    }
  }

  return function exchangedToken(open, { tokens }, rejected) {
    const held = tokens[heldAs]
    return renewals.tokenFor({
      key: keyOf(open),
      held,
      rejected,
      renew: () => oneAtATime('exchange', open.handle, () => renew(open, held, rejected)),
    })
  }
}
