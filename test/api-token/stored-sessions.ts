import { randomBytes } from 'node:crypto'
import { Problem } from '../../src/http/problem.ts'
import type { EndReason, MemberSession, OpenSession, Session } from '../../src/session/session.ts'
import type { SessionIndex, TicketedSessions } from '../../src/session/sessions.ts'

/** One store that several instances share, as the session room's port has it; it can be counted and switched off. */
export function createStoredSessions() {
  const records = new Map<string, OpenSession>()
  const ended = new Map<string, EndReason>()
  const counts = { opens: 0, updates: 0 }
  let down = false
  let beforeUpdate: (() => void) | undefined

  async function answer() {
    await new Promise(setImmediate)
    if (down) throw new Problem('session-store-unavailable')
  }

  const tickets: TicketedSessions = {
    async open(ticket) {
      counts.opens += 1
      await answer()
      return records.get(ticket)
    },
    async update(open, change) {
      counts.updates += 1
      await answer()
      beforeUpdate?.()
      const now = records.get(open.ticket)
      const session = now && change(now.session)
      if (!now || !session) return undefined
      const changed = { ...now, session }
      records.set(open.ticket, changed)
      return changed
    },
  }
  const index: Pick<SessionIndex, 'end'> = {
    async end(selector, reason) {
      await answer()
      const found = [...records.values()].filter(
        ({ handle }) => 'handle' in selector && handle === selector.handle,
      )
      for (const { ticket, handle } of found) {
        records.delete(ticket)
        ended.set(handle, reason)
      }
      return found.length
    },
  }

  return {
    tickets,
    index: index as SessionIndex,
    ended,
    counts,
    /** A session as a request comes with it. */
    add(session: Session): OpenSession {
      const ticket = randomBytes(8).toString('hex')
      const open = { ticket, handle: `handle-${ticket}`, createdAt: 0, seenAt: 0, session }
      records.set(ticket, open)
      return open
    },
    now: (open: OpenSession): OpenSession | undefined => records.get(open.ticket),
    member: (open: OpenSession): MemberSession => records.get(open.ticket)?.session as MemberSession,
    change(open: OpenSession, change: (session: MemberSession) => MemberSession) {
      const now = records.get(open.ticket) as OpenSession
      records.set(open.ticket, { ...now, session: change(now.session as MemberSession) })
    },
    end: (open: OpenSession) => void records.delete(open.ticket),
    setDown: (value: boolean) => {
      down = value
    },
    /** Runs once, between a session's reading and its change. */
    onceBeforeUpdate(act: () => void) {
      beforeUpdate = () => {
        beforeUpdate = undefined
        act()
      }
    },
  }
}
