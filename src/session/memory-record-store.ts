import type { Clock } from '../clock.ts'
import { createExpiringMap } from './expiring-map.ts'
import {
  formatRecord,
  parseRecord,
  type RecordNotices,
  type RecordStore,
  tombstoneMs,
} from './record-store.ts'

/** Records in this process's memory, for loopback and tests: the same steps as in Redis, told at once. */
export function createMemoryRecordStore(clock: Clock): RecordStore & RecordNotices {
  const values = createExpiringMap<string>(clock)
  const listeners: Parameters<RecordNotices['listen']>[0][] = []
  const get = (handle: string) => {
    const value = values.get(handle)
    return value === undefined ? undefined : parseRecord(value)
  }
  function put(handle: string, value: string, ttlMs: number): void {
    values.set(handle, value, ttlMs)
    for (const { changed } of listeners) changed(handle)
  }

  return {
    async read(handle) {
      return get(handle)
    },
    async write(handle, { replaces, seenAt, sealed, ttlMs }) {
      const found = get(handle)
      if (replaces === 0 ? found !== undefined : found?.state !== 'live') return 'gone'
      const live = found?.state === 'live' ? found : { revision: 0, seenAt: 0 }
      if (live.revision !== replaces) return 'conflict'
      const record = {
        state: 'live',
        revision: replaces + 1,
        seenAt: Math.max(seenAt, live.seenAt),
        sealed,
      } as const
      put(handle, formatRecord(record), ttlMs)
      return 'written'
    },
    async slide(handle, seenAt, ttlMs) {
      const found = get(handle)
      if (found?.state === 'live' && seenAt > found.seenAt)
        put(handle, formatRecord({ ...found, seenAt }), ttlMs)
    },
    async end(handle, ended) {
      const found = get(handle)
      if (found?.state !== 'ended') put(handle, formatRecord(ended), tombstoneMs)
      return found?.state === 'live'
    },
    believableMs: () => Number.POSITIVE_INFINITY,
    unheardMs: () => 0,
    listen: (listener) => void listeners.push(listener),
  }
}
