import type { Clock } from '../clock.ts'
import { createExpiringMap } from './expiring-map.ts'
import { tombstoneMs } from './record-store.ts'
import type { RedisLink } from './redis-link.ts'
import type { KeepWrite } from './redis-replication.ts'

/** Sealed entries by name and handle: a name stands for a user, a provider's subject or a provider's session. */
export interface EntryStore {
  add(name: string, handle: string, sealed: string): Promise<void>
  all(name: string): Promise<Readonly<Record<string, string>>>
  remove(name: string, handle: string): Promise<void>
  /** Remembers an end for a day; the latest fifty. */
  noteEnd(name: string, sealed: string): Promise<void>
  /** The latest first. */
  ends(name: string): Promise<readonly string[]>
}

const endsKept = 50

/** A hash per name, which goes with its last entry, or `ttlMs` after its newest one. */
export function createRedisEntries(link: RedisLink, prefix: string, ttlMs: number): EntryStore {
  const key = (name: string) => `${prefix}index:${name}`
  // On one master the record, written after its entries, takes them along to the replica that it waits for.
  const write: KeepWrite = link.scattered ? link.keep : link.write
  const endsKey = (name: string) => `${prefix}ended:${name}`
  return {
    async add(name, handle, sealed) {
      await write((redis) => redis.addEntry(key(name), handle, sealed, String(ttlMs)))
    },
    all: (name) => link.read((redis) => redis.hGetAll(key(name))),
    async remove(name, handle) {
      await link.write((redis) => redis.hDel(key(name), handle))
    },
    async noteEnd(name, sealed) {
      await link.write((redis) => redis.noteEnd(endsKey(name), sealed, String(endsKept), String(tombstoneMs)))
    },
    ends: (name) => link.read((redis) => redis.lRange(endsKey(name), 0, -1)),
  }
}

export function createMemoryEntries(clock: Clock, ttlMs: number): EntryStore {
  const names = createExpiringMap<Readonly<Record<string, string>>>(clock)
  const ends = createExpiringMap<readonly string[]>(clock)
  return {
    async add(name, handle, sealed) {
      names.set(name, { ...names.get(name), [handle]: sealed }, ttlMs)
    },
    all: async (name) => names.get(name) ?? {},
    async remove(name, handle) {
      const { [handle]: _gone, ...rest } = names.get(name) ?? {}
      if (Object.keys(rest).length > 0) names.set(name, rest, ttlMs)
      else names.delete(name)
    },
    async noteEnd(name, sealed) {
      ends.set(name, [sealed, ...(ends.get(name) ?? [])].slice(0, endsKept), tombstoneMs)
    },
    ends: async (name) => ends.get(name) ?? [],
  }
}
