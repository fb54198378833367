import {
  formatRecord,
  parseRecord,
  type RecordNotices,
  type RecordStore,
  tombstoneMs,
} from './record-store.ts'
import type { RedisLink } from './redis-link.ts'
import type { KeepWrite } from './redis-replication.ts'

const outcomes = { 1: 'written', 0: 'conflict', [-1]: 'gone' } as const

/** Records in Redis, each under `prefix` + handle, each step one script on that key. */
export function createRedisRecordStore(link: RedisLink, prefix: string): RecordStore {
  const key = (handle: string) => `${prefix}${handle}`
  return {
    async read(handle) {
      const value = await link.read((redis) => redis.get(key(handle)))
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
    async slide(handle, seenAt, ttlMs) {
      await link.write((redis) => redis.slideRecord(key(handle), String(seenAt), String(ttlMs)))
    },
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
