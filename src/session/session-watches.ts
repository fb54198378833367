import type { Log } from '../ops/log.ts'
import type { EndReason, OpenSession } from './session.ts'
import type { SessionCopies } from './session-copies.ts'
import type { Looked, TicketedRecords } from './ticketed-records.ts'

export type OnEnd = (reason: EndReason) => void

/** Sockets and streams that hang on a session, told once when it ends: by a notice, by our own hand, or by its limit. */
export interface SessionWatches {
  watch(open: OpenSession, onEnd: OnEnd): () => void
  /** This process has ended the session: no need to look. */
  ended(handle: string, reason: EndReason): void
  close(): void
}

export interface SessionWatchesOptions {
  readonly copies: SessionCopies
  readonly tickets: Pick<TicketedRecords, 'alive' | 'reason'>
  readonly log: Log
}

interface Watched {
  readonly ticket: string
  looked: Looked
  looking: boolean
  readonly onEnds: Set<OnEnd>
}

/** How often limits are compared with the clock: a socket outlives its session by less than this. */
const patrolEveryMs = 250
/** After a lost connection every watched session is read again: this many at a time. */
const maxLooking = 64

export function createSessionWatches({ copies, tickets, log }: SessionWatchesOptions): SessionWatches {
  const watched = new Map<string, Watched>()
  const due = new Set<string>()
  let looking = 0

  function end(handle: string, reason: EndReason): void {
    const one = watched.get(handle)
    if (!one) return
    watched.delete(handle)
    for (const onEnd of one.onEnds) {
      try {
        onEnd(reason)
      } catch (error) {
        log.error('session.watch-failed', { handle, error: String(error) })
      }
    }
  }

  /** A notice says "look again", not "gone": only an absent or outlived record ends what hangs on it. */
  async function look(handle: string, one: Watched): Promise<void> {
    if (one.looking) return
    one.looking = true
    looking += 1
    try {
      const looked = await copies.look(one.ticket, handle)
      one.looked = looked
      if (watched.get(handle) !== one || tickets.alive(looked)) return
      end(handle, tickets.reason(looked) ?? 'ended-elsewhere')
    } catch {
      // The store cannot tell: what is known holds, up to the limit that is known. The others need not try now.
      due.clear()
      if (watched.get(handle) === one && !tickets.alive(one.looked)) end(handle, 'expired')
    } finally {
      one.looking = false
      looking -= 1
      lookAtDue()
    }
  }

  function lookAtDue(): void {
    for (const handle of due) {
      if (looking >= maxLooking) return
      due.delete(handle)
      const one = watched.get(handle)
      if (one) void look(handle, one)
    }
  }

  /**
   * Looks at whatever is outlived or has no believable copy: void, old, a notice came while it was being read, or it ended
   * between its reading and the watch, with no notice due any more.
   */
  function patrol(): void {
    for (const [handle, one] of watched) {
      const copy = copies.get(handle)
      if (!tickets.alive(copy ?? one.looked)) void look(handle, one)
      else if (!copy) due.add(handle)
    }
    lookAtDue()
  }

  copies.onChange({
    changed(handle) {
      const one = watched.get(handle)
      if (one) void look(handle, one)
    },
    // Paced: a stampede would not help the store to its feet.
    lost: patrol,
  })
  const timer = setInterval(patrol, patrolEveryMs)
  timer.unref()

  return {
    watch(open, onEnd) {
      const one: Watched = watched.get(open.handle) ?? {
        ticket: open.ticket,
        looked: { open, device: '', revision: 0, stale: false, size: 0 },
        looking: false,
        onEnds: new Set(),
      }
      // Registered anew: each call is one watch, even of the same function.
      const own: OnEnd = (reason) => onEnd(reason)
      one.onEnds.add(own)
      watched.set(open.handle, one)
      return () => {
        one.onEnds.delete(own)
        if (one.onEnds.size === 0 && watched.get(open.handle) === one) watched.delete(open.handle)
      }
    },
    ended: end,
    close: () => clearInterval(timer),
  }
}
