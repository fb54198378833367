import type { Clock } from '../clock.ts'
import { createExpiringMap } from './expiring-map.ts'
import type { RedisLink } from './redis-link.ts'

/** How long the end of a session is remembered for support, ms, and how many per user, the latest. */
export const endsKeptMs = 30 * 24 * 60 * 60 * 1000
export const endsKept = 20

/** A sealed note. Its moment (ms) stands beside the seal, so that the store can put notes in order. */
export interface StoredEnd {
  readonly endedAt: number
  readonly sealed: string
}

/** Sealed notes of ended sessions by a name, which stands for a user. All of them go 30 days after the latest end. */
export interface EndStore {
  note(name: string, end: StoredEnd, now: number): Promise<void>
  /** Sealed, the latest end first. */
  all(name: string): Promise<readonly string[]>
}

export function createRedisEnds(link: RedisLink, prefix: string): EndStore {
  const key = (name: string) => `${prefix}ends:${name}`
  return {
    async note(name, { endedAt, sealed }, now) {
      const [kept, keptMs] = [String(endsKept), String(endsKeptMs)]
      await link.write((redis) => redis.noteEnd(key(name), `${endedAt}:${sealed}`, kept, keptMs, String(now)))
    },
    async all(name) {
      const found = await link.read((redis) => redis.lRange(key(name), 0, -1))
      return found.map((value) => value.slice(value.indexOf(':') + 1))
    },
  }
}

export function createMemoryEnds(clock: Clock): EndStore {
  const names = createExpiringMap<readonly StoredEnd[]>(clock)
  return {
    async note(name, end, now) {
      const latest = [...(names.get(name) ?? []), end]
        .filter(({ endedAt }) => now - endedAt < endsKeptMs)
        .sort((a, b) => b.endedAt - a.endedAt)
        .slice(0, endsKept)
      if (latest[0]) names.set(name, latest, latest[0].endedAt + endsKeptMs - now)
    },
    all: async (name) => (names.get(name) ?? []).map(({ sealed }) => sealed),
  }
}
