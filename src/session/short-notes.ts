import type { Clock } from '../clock.ts'
import { createExpiringMap } from './expiring-map.ts'
import type { RedisLink } from './redis-link.ts'
import type { ShortNotes } from './sessions.ts'

/** Notes that the whole fleet shares. */
export function createRedisNotes(link: RedisLink, prefix: string): ShortNotes {
  const nameOf = (key: string) => `${prefix}note:${key}`
  return {
    async put(key, text, ttlMs) {
      await link.write((redis) => redis.set(nameOf(key), text, { PX: Math.max(1, Math.ceil(ttlMs)) }))
    },
    get: async (key) => (await link.read((redis) => redis.get(nameOf(key)))) ?? undefined,
  }
}

export function createMemoryNotes(clock: Clock): ShortNotes {
  const notes = createExpiringMap<string>(clock)
  return {
    put: async (key, text, ttlMs) => notes.set(key, text, ttlMs),
    get: async (key) => notes.get(key),
  }
}
