import type { Clock } from '../clock.ts'
import { createExpiringMap } from './expiring-map.ts'
import type { RedisLink } from './redis-link.ts'
import type { OnceMarks } from './sessions.ts'

/** Marks that the whole fleet shares. */
export function createRedisMarks(link: RedisLink, prefix: string): OnceMarks {
  const nameOf = (key: string) => `${prefix}once:${key}`
  const lasting = (ttlMs: number) => Math.max(1, Math.ceil(ttlMs))
  return {
    async first(key, ttlMs) {
      const options = { condition: 'NX', PX: lasting(ttlMs) } as const
      return (await link.write((redis) => redis.set(nameOf(key), '1', options))) !== null
    },
    async keep(key, ttlMs) {
      await link.write((redis) => redis.set(nameOf(key), '1', { PX: lasting(ttlMs) }))
    },
    async forget(key) {
      // Gone after a millisecond, by a command that every topology here knows.
      await link.write((redis) => redis.set(nameOf(key), '1', { PX: 1 }))
    },
  }
}

export function createMemoryMarks(clock: Clock): OnceMarks {
  const marks = createExpiringMap<true>(clock)
  return {
    async first(key, ttlMs) {
      if (marks.get(key)) return false
      marks.set(key, true, ttlMs)
      return true
    },
    async keep(key, ttlMs) {
      marks.set(key, true, ttlMs)
    },
    async forget(key) {
      marks.delete(key)
    },
  }
}
