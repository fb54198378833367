import type { Clock } from '../clock.ts'
import type { RedisConfig } from '../config/config.ts'
import type { Log } from '../ops/log.ts'
import { createMemoryEntries, createRedisEntries, type EntryStore } from './entry-store.ts'
import { createMemoryRecordStore } from './memory-record-store.ts'
import { createMemoryMarks, createRedisMarks } from './once-marks.ts'
import { type RecordNotices, type RecordStore, tombstoneMs } from './record-store.ts'
import { openRedisLink } from './redis-link.ts'
import { createRedisRecordNotices, createRedisRecordStore } from './redis-record-store.ts'
import { describeSession } from './session-body.ts'
import { createSessionCopies } from './session-copies.ts'
import { createSessionEnd } from './session-end.ts'
import type { SessionEventListener } from './session-events.ts'
import { createSessionBook } from './session-index.ts'
import { createSessionLimits, type SessionTimeouts } from './session-limits.ts'
import { createSessionReader } from './session-reader.ts'
import { createRecordSealer } from './session-record.ts'
import { createSessionWatches } from './session-watches.ts'
import { createSessionWriter } from './session-writer.ts'
import type { OnceMarks, Sessions } from './sessions.ts'
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
}

/** Everything that is kept somewhere, in Redis or in memory. */
interface Shelf {
  readonly records: RecordStore
  readonly notices: RecordNotices
  readonly entries: EntryStore
  readonly marks: OnceMarks
  readonly native?: unknown
  ping(): Promise<void>
  close(): Promise<void>
}

/** The session room. With Redis out of reach it starts nevertheless, answers 503, and recovers by itself. */
export async function createSessions(options: SessionsOptions): Promise<Sessions> {
  const { secrets, clock, log } = options
  const onEvent = options.onEvent ?? (() => undefined)
  const limits = createSessionLimits(options)
  // An entry outlives every session that could stand in its name.
  const entryTtlMs = Math.max(options.absoluteTimeoutMs, options.signupTimeoutMs) + tombstoneMs
  const shelf = options.redis
    ? await redisShelf(options.redis, { entryTtlMs, log, onEvent })
    : memoryShelf(clock, entryTtlMs)
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
  const writer = createSessionWriter({
    secrets,
    cookieName: options.cookie.name,
    cookie,
    store,
    tickets,
    changes,
    book,
    reader,
    limits,
    clock,
    log,
    onEvent,
  })

  return {
    reader,
    writer,
    tickets: { open: changes.open, update: changes.update },
    index: { list: book.list, end: book.end },
    marks: shelf.marks,
    describe: (open) => describeSession(open, limits),
    ...(shelf.native !== undefined && { redis: shelf.native }),
    ping: shelf.ping,
    async close() {
      watches.close()
      await shelf.close()
    },
  }
}

async function redisShelf(
  config: RedisConfig,
  {
    entryTtlMs,
    log,
    onEvent,
  }: { readonly entryTtlMs: number } & Pick<Required<SessionsOptions>, 'log' | 'onEvent'>,
): Promise<Shelf> {
  const { prefix } = config
  const link = await openRedisLink(config, log, (operation) => onEvent('store-failed', { operation }))
  return {
    records: createRedisRecordStore(link, `${prefix}session:`),
    notices: createRedisRecordNotices(link, `${prefix}session:`),
    entries: createRedisEntries(link, prefix, entryTtlMs),
    marks: createRedisMarks(link, prefix),
    native: link.native,
    async ping() {
      // A write: a read-only or full Redis can sign nobody in or out.
      await link.write((redis) => redis.set(`${prefix}ping`, '1', { PX: 10_000 }))
    },
    close: link.close,
  }
}

function memoryShelf(clock: Clock, entryTtlMs: number): Shelf {
  const records = createMemoryRecordStore(clock)
  return {
    records,
    notices: records,
    entries: createMemoryEntries(clock, entryTtlMs),
    marks: createMemoryMarks(clock),
    ping: async () => undefined,
    close: async () => undefined,
  }
}
