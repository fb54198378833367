import type { Clock } from '../clock.ts'
import { createExpiringMap } from './expiring-map.ts'
import type { RedisLink } from './redis-link.ts'
import type { KeepWrite } from './redis-replication.ts'

/** A sealed entry, and how long it may be needed, ms. */
export interface StoredEntry {
  readonly sealed: string
  readonly ttlMs: number
}

/**
 * Entries by name and handle: a name stands for a user, a provider's subject or a provider's session. All of a name's
 * go with the last that may be needed.
 */
export interface EntryStore {
  add(name: string, handle: string, entry: StoredEntry): Promise<void>
  /** Sealed, by handle. */
  all(name: string): Promise<Readonly<Record<string, string>>>
  remove(name: string, handle: string): Promise<void>
}

/** A hash per name. */
export function createRedisEntries(link: RedisLink, prefix: string): EntryStore {
  const key = (name: string) => `${prefix}index:${name}`
  // On one master the record, written after its entries, takes them along to the replica that it waits for.
  const write: KeepWrite = link.scattered ? link.keep : link.write
  return {
    async add(name, handle, { sealed, ttlMs }) {
      await write((redis) => redis.addEntry(key(name), handle, sealed, String(ttlMs)))
    },
    all: (name) => link.read((redis) => redis.hGetAll(key(name))),
    async remove(name, handle) {
      await link.write((redis) => redis.hDel(key(name), handle))
    },
  }
}

export function createMemoryEntries(clock: Clock): EntryStore {
  const names = createExpiringMap<{
    readonly until: number
    readonly sealed: Readonly<Record<string, string>>
  }>(clock)
  return {
    async add(name, handle, { sealed, ttlMs }) {
      const found = names.get(name)
      const until = Math.max(found?.until ?? 0, clock() + ttlMs)
      names.set(name, { until, sealed: { ...found?.sealed, [handle]: sealed } }, until - clock())
    },
    all: async (name) => names.get(name)?.sealed ?? {},
    async remove(name, handle) {
      const found = names.get(name)
      if (!found) return
      const { [handle]: _gone, ...sealed } = found.sealed
      if (Object.keys(sealed).length > 0) names.set(name, { ...found, sealed }, found.until - clock())
      else names.delete(name)
    },
  }
}
