import type { Grant } from '../session/session.ts'

/**
 * What spent grants were exchanged for and the store never learned: with rotation (RFC 9700 §4.14) the spent refresh
 * token must not be used again, so its successor stays in this process until it is saved.
 */
export interface UnsavedGrants {
  keep(handle: string, spent: Grant, fresh: Grant): void
  successor(handle: string, spent: Grant): Grant | undefined
  drop(handle: string): void
}

/** At most `most` of them; the oldest goes. */
export function createUnsavedGrants(most = 10_000): UnsavedGrants {
  const kept = new Map<string, { readonly spent: Grant; readonly fresh: Grant }>()
  return {
    keep(handle, spent, fresh) {
      const oldest = kept.keys().next()
      if (kept.size >= most && !oldest.done) kept.delete(oldest.value)
      kept.set(handle, { spent, fresh })
    },
    successor(handle, spent) {
      const one = kept.get(handle)
      return one && sameGrant(one.spent, spent) ? one.fresh : undefined
    },
    drop(handle) {
      kept.delete(handle)
    },
  }
}

export function sameGrant(a: Grant, b: Grant): boolean {
  return a.accessToken === b.accessToken && a.refreshToken === b.refreshToken
}
