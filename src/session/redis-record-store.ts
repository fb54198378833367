import { gathered } from './gathered.ts'
import {
  formatRecord,
  parseRecord,
  type RecordNotices,
  type RecordStore,
  tombstoneMs,
} from './record-store.ts'
import type { RedisLink } from './redis-link.ts'
import type { KeepWrite } from './redis-replication.ts'
import type { Slide } from './redis-scripts.ts'

const outcomes = { 1: 'written', 0: 'conflict', [-1]: 'gone' } as const

/**
 * Records in Redis, each under `prefix` + handle, each step one script on that key. What one server is asked about several
 * sessions in the same moment is one command; a cluster's keys lie apart.
 */
export function createRedisRecordStore(link: RedisLink, prefix: string): RecordStore {
  const key = (handle: string) => `${prefix}${handle}`
  const get = gathered(
    (keys: readonly string[]) => link.read((redis) => redis.mGet(keys)),
    setImmediate,
    link.scattered ? 1 : undefined,
  )
  const slide = gathered(
    async (slides: readonly Slide[]) => {
      await link.write((redis) => redis.slideRecords(slides))
      return []
    },
    setImmediate,
    link.scattered ? 1 : undefined,
  )
  return {
    async read(handle) {
      const value = await get(key(handle))
      return value === null ? undefined : parseRecord(value)
    },
    async write(handle, { replaces, seenAt, sealed, ttlMs }) {
      // A renewed token may be lost to a fail-over; a session that somebody has been given may not.
      const keep: KeepWrite = replaces === 0 ? link.keep : link.write
      const code = await keep((redis) =>
        redis.writeRecord(key(handle), String(replaces), String(seenAt), sealed, String(ttlMs)),
      )
      return outcomes[code as keyof typeof outcomes]
    },
    slide: (handle, seenAt, ttlMs) => slide({ key: key(handle), seenAt, ttlMs }),
    async end(handle, ended) {
      const code = await link.keep((redis) =>
        redis.endRecord(key(handle), formatRecord(ended), String(tombstoneMs)),
      )
      return code === 1
    },
  }
}

/** Redis's notices about records alone, by their handles. */
export function createRedisRecordNotices(link: RedisLink, prefix: string): RecordNotices {
  return {
    believableMs: link.believableMs,
    unheardMs: link.unheardMs,
    listen({ changed, lost }) {
      link.listen({
        changed(key) {
          if (key.startsWith(prefix)) changed(key.slice(prefix.length))
        },
        lost,
      })
    },
  }
}
