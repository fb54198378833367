import type { Clock } from '../clock.ts'
import { createExpiringMap } from './expiring-map.ts'
import type { RedisLink } from './redis-link.ts'
import type { OnceMarks } from './sessions.ts'

/** Marks that the whole fleet shares. */
export function createRedisMarks(link: RedisLink, prefix: string): OnceMarks {
  return {
    async first(key, ttlMs) {
      const options = { condition: 'NX', PX: Math.max(1, Math.ceil(ttlMs)) } as const
      return (await link.write((redis) => redis.set(`${prefix}once:${key}`, '1', options))) !== null
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
  }
}
