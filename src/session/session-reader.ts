import { LRUCache } from 'lru-cache'
import type { Clock } from '../clock.ts'
import type { Log } from '../ops/log.ts'
import { type RecordStore, tombstoneMs } from './record-store.ts'
import type { OpenSession } from './session.ts'
import type { SessionCopies } from './session-copies.ts'
import type { SessionLimits } from './session-limits.ts'
import type { SessionWatches } from './session-watches.ts'
import type { SessionReader } from './sessions.ts'
import type { TicketCookie } from './ticket-cookie.ts'
import type { TicketedRecords } from './ticketed-records.ts'

export interface SessionReaderOptions {
  readonly cookie: TicketCookie
  readonly copies: SessionCopies
  readonly tickets: TicketedRecords
  readonly watches: SessionWatches
  readonly records: RecordStore
  readonly limits: SessionLimits
  readonly clock: Clock
  readonly log: Log
  /** Seals the record anew, if an older secret had sealed it. */
  reseal(open: OpenSession): Promise<void>
}

/** A reader that knows how many sessions it had in memory: a plain number, since this is the hottest place. */
export interface CountingReader extends SessionReader {
  readsFromMemory(): number
}

/** The hot way in. A session in memory costs a cookie parse and two look-ups; nothing is written before the response. */
export function createSessionReader(options: SessionReaderOptions): CountingReader {
  const { cookie, copies, tickets, watches, records, limits, clock, log } = options
  // When this instance last wrote a session's use down, or tried to: until its copy says so.
  const slidAt = new LRUCache<string, number>({ max: 5_000 })
  // When it last tried to seal one anew. While a fleet is rolled, instances with the old order and the new one undo each other's work.
  const resealedAt = new LRUCache<string, number>({ max: 5_000 })
  let readsFromMemory = 0

  /** A record moves to the newest secret with its cookie, not only with the next use that is written down. */
  function resealOnce(open: OpenSession, now: number): void {
    const { handle } = open
    const copy = copies.get(handle)
    if (!copy?.open || !copy.stale || now - (resealedAt.get(handle) ?? 0) < limits.slideEveryMs) return
    resealedAt.set(handle, now)
    options.reseal(open).catch((error: unknown) => {
      log.warn('session.reseal-failed', { handle, error: String(error) })
    })
  }

  return {
    read(cookieHeader) {
      const presented = cookie.read(cookieHeader)
      if (!presented) return undefined
      const copy = copies.get(presented.handle)
      if (copy) {
        readsFromMemory += 1
        return tickets.alive(copy)
      }
      return copies.look(presented.ticket, presented.handle).then(tickets.alive)
    },

    use(open) {
      const now = clock()
      // Nearly always, and before anything is looked up.
      if (now - open.seenAt < limits.slideEveryMs) {
        if (cookie.acceptsOlder) resealOnce(open, now)
        return
      }
      const { handle } = open
      // A socket's `open` is as old as the socket; it has been used since.
      const seenAt = Math.max(open.seenAt, slidAt.get(handle) ?? 0, copies.get(handle)?.open?.seenAt ?? 0)
      if (now - seenAt < limits.slideEveryMs) return
      if (limits.endsAt({ ...open, seenAt }) <= now) return
      slidAt.set(handle, now)
      const ttlMs = Math.ceil(limits.endsAt({ ...open, seenAt: now }) - now + tombstoneMs)
      // Outside the request: a use that cannot be written down costs the session a minute, not the caller an answer.
      Promise.all([records.slide(handle, now, ttlMs), options.reseal(open)]).catch((error: unknown) => {
        slidAt.delete(handle)
        log.warn('session.slide-failed', { handle, error: String(error) })
      })
    },

    renewal(cookieHeader, open) {
      // Nearly always: nothing is parsed while no secret is being changed.
      if (!cookie.acceptsOlder || !cookie.read(cookieHeader)?.stale) return undefined
      // An ended session's cookie would replace a newer one that is on its way already.
      let ended = false
      const release = watches.watch(open, () => {
        ended = true
      })
      const line = () => (ended ? undefined : cookie.line(open.ticket, limits.absoluteEndsAt(open) - clock()))
      return { line, release }
    },

    watch: (open, onEnd) => watches.watch(open, onEnd),
    readsFromMemory: () => readsFromMemory,
  }
}
