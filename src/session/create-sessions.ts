import type { Clock } from '../clock.ts'
import type { RedisConfig } from '../config/config.ts'
import type { Log } from '../ops/log.ts'
import type { StoreObserver } from './redis-link.ts'
import type { Session } from './session.ts'
import { describeSession } from './session-body.ts'
import { createSessionCopies } from './session-copies.ts'
import { createSessionEnd } from './session-end.ts'
import type { SessionEventListener } from './session-events.ts'
import { createSessionBook } from './session-index.ts'
import { createSessionLimits, type SessionTimeouts } from './session-limits.ts'
import { createSessionReader } from './session-reader.ts'
import { createRecordSealer } from './session-record.ts'
import { createMemoryShelf, openRedisShelf, type SessionShelf } from './session-shelf.ts'
import { createSessionVisits } from './session-visits.ts'
import { createSessionWatches } from './session-watches.ts'
import { createSessionWriter } from './session-writer.ts'
import type { Sessions } from './sessions.ts'
import { createTicketCookie, type TicketCookieOptions } from './ticket-cookie.ts'
import { TicketStore } from './ticket-store.ts'
import { createTicketedRecords } from './ticketed-records.ts'
import { createTicketedSessions } from './ticketed-sessions.ts'

export interface SessionsOptions extends SessionTimeouts {
  /** Newest first: the first signs and seals, each is accepted. */
  readonly secrets: readonly string[]
  readonly cookie: TicketCookieOptions
  /** Live sessions per user. */
  readonly limit: number
  /** undefined: in this process's memory. */
  readonly redis: RedisConfig | undefined
  readonly clock: Clock
  readonly log: Log
  readonly onEvent?: SessionEventListener
  readonly onStore?: StoreObserver
  /** Asked once more before a session is saved: its user may have been disabled since the directory was read. */
  readonly admits?: (session: Session) => Promise<boolean>
}

/** The session room. With Redis out of reach it starts nevertheless, answers 503, and recovers by itself. */
export async function createSessions(options: SessionsOptions): Promise<Sessions> {
  const { clock, log, onStore } = options
  const shelf = options.redis
    ? await openRedisShelf(options.redis, { log, onStore })
    : createMemoryShelf(clock)
  return assembleSessions(options, shelf)
}

/** The room on a given shelf. */
export function assembleSessions(options: Omit<SessionsOptions, 'redis'>, shelf: SessionShelf): Sessions {
  const { secrets, clock, log, onEvent = () => undefined } = options
  const limits = createSessionLimits(options)
  const { records } = shelf

  const cookie = createTicketCookie(secrets, options.cookie, (why) => {
    log.info('session.cookie-refused', { why })
    onEvent('cookie-refused', { why })
  })
  const tickets = createTicketedRecords({
    records,
    sealer: createRecordSealer(secrets),
    limits,
    clock,
    log,
    onEvent,
  })
  const copies = createSessionCopies({ tickets, notices: shelf.notices })
  const watches = createSessionWatches({ copies, tickets, log })
  const end = createSessionEnd({ records, copies, watches, clock, log, onEvent })
  const book = createSessionBook({
    secrets,
    entries: shelf.entries,
    ends: shelf.ends,
    records,
    limits,
    clock,
    limit: options.limit,
    end,
  })
  const changes = createTicketedSessions({ tickets, copies, book, end })
  const reader = createSessionReader({
    cookie,
    copies,
    tickets,
    watches,
    records,
    limits,
    clock,
    log,
    reseal: changes.reseal,
  })
  const store = new TicketStore({
    tickets,
    client: shelf.native,
    end: (ticket) => changes.end(ticket, 'signed-out'),
  })
  const visits = createSessionVisits({
    secrets,
    cookieName: options.cookie.name,
    cookie,
    store,
    changes,
    reader,
    limits,
    clock,
    log,
  })
  const writer = createSessionWriter({
    visits,
    cookie,
    tickets,
    changes,
    book,
    limits,
    clock,
    log,
    onEvent,
    admits: options.admits ?? (async () => true),
  })

  return {
    reader,
    writer,
    tickets: { open: changes.open, update: changes.update },
    index: { list: book.list, end: book.end, ended: book.ended },
    marks: shelf.marks,
    notes: shelf.notes,
    describe: (open) => describeSession(open, limits),
    ...(shelf.native !== undefined && { redis: shelf.native }),
    figures: { readsFromMemory: reader.readsFromMemory, readsFromStore: tickets.asked, ...copies.figures },
    ping: shelf.ping,
    async close() {
      watches.close()
      await shelf.close()
    },
  }
}
