import type { Clock } from '../clock.ts'
import type { RedisConfig } from '../config/config.ts'
import type { Log } from '../ops/log.ts'
import { createMemoryEnds, createRedisEnds, type EndStore } from './end-store.ts'
import { createMemoryEntries, createRedisEntries, type EntryStore } from './entry-store.ts'
import { createMemoryRecordStore } from './memory-record-store.ts'
import { createMemoryMarks, createRedisMarks } from './once-marks.ts'
import type { RecordNotices, RecordStore } from './record-store.ts'
import { openRedisLink, type StoreObserver } from './redis-link.ts'
import { createRedisRecordNotices, createRedisRecordStore } from './redis-record-store.ts'
import type { OnceMarks, ShortNotes } from './sessions.ts'
import { createMemoryNotes, createRedisNotes } from './short-notes.ts'

/** Everything that is kept somewhere, in Redis or in memory. */
export interface SessionShelf {
  readonly records: RecordStore
  readonly notices: RecordNotices
  readonly entries: EntryStore
  readonly ends: EndStore
  readonly marks: OnceMarks
  readonly notes: ShortNotes
  readonly native?: unknown
  ping(): Promise<void>
  close(): Promise<void>
}

export interface RedisShelfOptions {
  readonly log: Log
  readonly onStore?: StoreObserver | undefined
}

/** In Redis, for a fleet. */
export async function openRedisShelf(
  config: RedisConfig,
  { log, onStore }: RedisShelfOptions,
): Promise<SessionShelf> {
  const { prefix } = config
  const link = await openRedisLink(config, log, onStore)
  return {
    records: createRedisRecordStore(link, `${prefix}session:`),
    notices: createRedisRecordNotices(link, `${prefix}session:`),
    entries: createRedisEntries(link, prefix),
    ends: createRedisEnds(link, prefix),
    marks: createRedisMarks(link, prefix),
    notes: createRedisNotes(link, prefix),
    native: link.native,
    async ping() {
      // A write: a read-only or full Redis can sign nobody in or out.
      // As requests do: one read, and one script that writes, which a replica or a user without scripting refuses.
      await link.read((redis) => redis.get(`${prefix}ping`))
      await link.write((redis) => redis.addEntry(`${prefix}ready`, 'at', '1', '10000'))
    },
    close: link.close,
  }
}

/** In this process's memory, for loopback. */
export function createMemoryShelf(clock: Clock): SessionShelf {
  const records = createMemoryRecordStore(clock)
  return {
    records,
    notices: records,
    entries: createMemoryEntries(clock),
    ends: createMemoryEnds(clock),
    marks: createMemoryMarks(clock),
    notes: createMemoryNotes(clock),
    ping: async () => undefined,
    close: async () => undefined,
  }
}
