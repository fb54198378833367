import { setTimeout as sleep } from 'node:timers/promises'
import { randomToken } from '../crypto/random.ts'

/** The right to do something that the whole fleet may do once at a time. Renewed until it is released. */
export interface Lease {
  release(): Promise<void>
}

export interface Leases {
  /** Waits until it is free, at most `deadlineMs`; undefined: it was not. Throws when the store does not answer. */
  acquire(key: string, deadlineMs: number): Promise<Lease | undefined>
}

/** Where leases are kept. Whoever stops renewing (a killed process) loses its lease after `ttlMs`. */
export interface LeaseStore {
  take(key: string, owner: string, ttlMs: number): Promise<boolean>
  extend(key: string, owner: string, ttlMs: number): Promise<boolean>
  drop(key: string, owner: string): Promise<unknown>
}

const shortestPauseMs = 20
const longestPauseMs = 200

/** Leases over a store; time here is real time, the store's own. */
export function createLeases(store: LeaseStore, ttlMs = 3_000): Leases {
  function keep(key: string, owner: string): Lease {
    const renewing = setInterval(() => {
      // One missed renewal is made good by the next; a lost lease is only a second refresh at worst.
      store.extend(key, owner, ttlMs).then(
        (mine) => mine || clearInterval(renewing),
        () => {},
      )
    }, ttlMs / 3).unref()
    return {
      async release() {
        clearInterval(renewing)
        // Not released in time it runs out by itself.
        await store.drop(key, owner).catch(() => {})
      },
    }
  }

  return {
    async acquire(key, deadlineMs) {
      const owner = randomToken(16)
      const deadline = performance.now() + deadlineMs
      for (let pause = shortestPauseMs; ; pause = Math.min(pause * 1.5, longestPauseMs)) {
        if (await store.take(key, owner, ttlMs)) return keep(key, owner)
        if (performance.now() + pause > deadline) return undefined
        await sleep(pause)
      }
    },
  }
}

/** For one process alone. */
export function createMemoryLeaseStore(): LeaseStore {
  const owners = new Map<string, string>()
  return {
    async take(key, owner) {
      if (owners.has(key)) return false
      owners.set(key, owner)
      return true
    },
    extend: async (key, owner) => owners.get(key) === owner,
    drop: async (key, owner) => owners.get(key) === owner && owners.delete(key),
  }
}
