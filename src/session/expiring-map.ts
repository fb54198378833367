import type { Clock } from '../clock.ts'

/** A map whose entries go after their time, as keys in Redis do. */
export interface ExpiringMap<V> {
  get(key: string): V | undefined
  set(key: string, value: V, ttlMs: number): void
  delete(key: string): void
}

const sweepEveryMs = 60_000

export function createExpiringMap<V>(clock: Clock): ExpiringMap<V> {
  const entries = new Map<string, { readonly value: V; readonly until: number }>()
  let sweptAt = clock()

  function sweep(now: number): void {
    if (now - sweptAt < sweepEveryMs) return
    sweptAt = now
    for (const [key, { until }] of entries) if (until <= now) entries.delete(key)
  }

  return {
    get(key) {
      const entry = entries.get(key)
      return entry && entry.until > clock() ? entry.value : undefined
    },
    set(key, value, ttlMs) {
      const now = clock()
      sweep(now)
      entries.set(key, { value, until: now + ttlMs })
    },
    delete: (key) => void entries.delete(key),
  }
}
