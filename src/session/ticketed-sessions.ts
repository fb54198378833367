import { Problem } from '../http/problem.ts'
import type { EndReason, OpenSession, Session } from './session.ts'
import type { SessionCopies } from './session-copies.ts'
import type { EndSession } from './session-end.ts'
import { entryOf, type SessionBook } from './session-index.ts'
import type { TicketedSessions } from './sessions.ts'
import { handleOf } from './ticket-cookie.ts'
import type { Looked, OpenedRecord, TicketedRecords } from './ticketed-records.ts'

/** Somebody else wins this often in a row only if something is wrong. */
const maxAttempts = 10

export interface TicketedSessionsOptions {
  readonly tickets: TicketedRecords
  readonly copies: Pick<SessionCopies, 'drop' | 'get'>
  readonly book: Pick<SessionBook, 'add' | 'close'>
  readonly end: EndSession
}

/** Sessions by their ticket, without a request; and what keeps them readable when the secret changes. */
export interface TicketChanges extends TicketedSessions {
  /** Seals a record anew, and its entry, if an older secret had sealed it; a conflict leaves that to the next use. */
  reseal(open: OpenSession): Promise<void>
  /** Ends the session of a ticket and removes its index entry. Why it is over now: an earlier end's reason stays; undefined: there is none. */
  end(ticket: string, reason: EndReason): Promise<EndReason | undefined>
}

export function createTicketedSessions({
  tickets,
  copies,
  book,
  end,
}: TicketedSessionsOptions): TicketChanges {
  const live = (looked: Looked): OpenedRecord | undefined =>
    looked.open && tickets.alive(looked) ? looked : undefined

  async function write(found: OpenedRecord, session: Session): Promise<OpenSession | 'conflict' | undefined> {
    const { ticket, handle, createdAt, seenAt } = found.open
    try {
      const outcome = await tickets.write(
        ticket,
        handle,
        { createdAt, device: found.device, session },
        { replaces: found.revision, seenAt },
      )
      if (outcome === 'conflict') return 'conflict'
      return outcome === 'written' ? { ...found.open, session } : undefined
    } finally {
      // Even without an answer: it may have been written.
      copies.drop(handle)
    }
  }

  return {
    async open(ticket) {
      return tickets.alive(await tickets.look(ticket, handleOf(ticket)))
    },

    async update({ ticket, handle }, change) {
      for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
        const found = live(await tickets.look(ticket, handle))
        if (!found) return undefined
        const session = change(found.open.session)
        if (!session) return undefined
        const written = await write(found, session)
        if (written !== 'conflict') return written
      }
      throw new Problem('session-store-unavailable', { cause: new Error('too many conflicting changes') })
    },

    async reseal({ ticket, handle }) {
      const copy = copies.get(handle)
      if (copy && !(copy.open && copy.stale)) return
      const found = live(await tickets.look(ticket, handle))
      if (!found?.stale) return
      // Its entry first: its name and its seal are of the old secret too.
      await book.add(entryOf(found.open, found.device))
      await write(found, found.open.session)
    },

    async end(ticket, reason) {
      const handle = handleOf(ticket)
      const looked = await tickets.look(ticket, handle)
      if (!looked.open) return looked.reason
      const live = await end(handle, reason)
      await book.close(entryOf(looked.open, looked.device), reason)
      return live ? reason : tickets.reason(await tickets.look(ticket, handle))
    },
  }
}
