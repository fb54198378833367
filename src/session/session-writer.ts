import type { Clock } from '../clock.ts'
import { Problem } from '../http/problem.ts'
import type { Log } from '../ops/log.ts'
import { deviceName } from './device.ts'
import type { Session } from './session.ts'
import type { SessionEventListener } from './session-events.ts'
import { entryOf, type SessionBook } from './session-index.ts'
import type { SessionLimits } from './session-limits.ts'
import type { DetachedSession, SessionVisits, Visit } from './session-visits.ts'
import type { SessionWriter } from './sessions.ts'
import { handleOf, type TicketCookie } from './ticket-cookie.ts'
import type { TicketedRecords } from './ticketed-records.ts'
import type { TicketChanges } from './ticketed-sessions.ts'

export interface SessionWriterOptions {
  readonly visits: SessionVisits
  readonly cookie: TicketCookie
  readonly tickets: TicketedRecords
  readonly changes: Pick<TicketChanges, 'end'>
  readonly book: SessionBook
  readonly limits: SessionLimits
  readonly clock: Clock
  readonly log: Log
  readonly onEvent: SessionEventListener
  /** Whether somebody may still have a session. */
  admits(session: Session): Promise<boolean>
}

/** Begins and ends the sessions of requests: saved first, then the cookie, and nothing left to the end of the response. */
export function createSessionWriter(options: SessionWriterOptions): SessionWriter {
  const { visits, cookie, tickets, changes, book, limits, clock, log } = options

  /**
   * Ends what a new session takes the place of. What was alive when the request came must still be there to be replaced:
   * who signed out meanwhile is not signed in again by a request in flight.
   */
  async function replace(
    ticket: string,
    { presented, open }: Visit,
    starter: string | undefined,
  ): Promise<void> {
    try {
      const alive = new Set([open?.ticket, starter].filter((one) => one !== undefined))
      const reasons = await Promise.all([...alive].map((one) => changes.end(one, 'replaced')))
      if (reasons.some((reason) => reason !== 'replaced')) throw new Problem('session-required')
      if (presented && !alive.has(presented.ticket)) await changes.end(presented.ticket, 'replaced')
    } catch (error) {
      // An old one may live, or its owner wanted none: the new one must not.
      await changes.end(ticket, 'replaced').catch(() => undefined)
      throw error
    }
  }

  async function keepToLimit(userId: string): Promise<void> {
    try {
      await book.keepToLimit(userId)
    } catch (error) {
      // The session stands; the next sign-in tries again.
      log.warn('session.limit-not-kept', { error: String(error) })
    }
  }

  return {
    load: visits.load,

    current: (req) => visits.of(req).open,

    async endReason(req) {
      const { presented, open } = visits.of(req)
      if (!presented || open) return undefined
      const reason = tickets.reason(await tickets.look(presented.ticket, presented.handle))
      if (reason === 'provider-grant-ended') return 'ended-by-provider'
      // Neither tells its owner anything: there is a newer session, or nobody to tell.
      return reason === 'replaced' || reason === 'account-deleted' ? undefined : reason
    },

    async begin(req, res, content, { starter } = {}) {
      const visit = visits.of(req)
      const fresh = visits.renew(visit, req)
      const ticket = fresh.id
      const handle = handleOf(ticket)
      const session = await content(handle)
      const createdAt = clock()
      const device = deviceName(req.headers['user-agent'])
      const open = { ticket, handle, createdAt, seenAt: createdAt, session }

      await book.add(entryOf(open, device))
      // Between the entry and the record: whoever shuts the user out is either seen here, or finds the entry and bars the record.
      if (!(await options.admits(session))) throw new Problem('session-required')
      fresh.record = { createdAt, device, session }
      await save(fresh)
      await replace(ticket, visit, starter)
      cookie.write(res, ticket, limits.absoluteEndsAt(open) - createdAt)
      log.info('session.begun', { handle, state: session.state, provider: session.identity.provider })
      options.onEvent('begun', { state: session.state })
      if (session.state === 'member') await keepToLimit(session.user.id)
      return open
    },

    async handOutAgain(req, res, ticket) {
      const open = tickets.alive(await tickets.look(ticket, handleOf(ticket)))
      if (!open) return false
      const { presented } = visits.of(req)
      if (presented && presented.ticket !== ticket) await changes.end(presented.ticket, 'replaced')
      cookie.write(res, ticket, limits.absoluteEndsAt(open) - clock())
      return true
    },

    async end(req, res, reason) {
      const { presented } = visits.of(req)
      if (presented) await changes.end(presented.ticket, reason)
      cookie.clear(res)
    },
  }
}

async function save(session: DetachedSession): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  session.save((error: unknown) => (error ? reject(error) : resolve()))
  await promise
}
