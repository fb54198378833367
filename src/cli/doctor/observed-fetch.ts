import type { Clock } from '../../clock.ts'

/** A call out, as it went. */
export interface Observation {
  readonly url: URL
  readonly method: string
  readonly status?: number
  readonly location?: string
  /** How far the other clock is ahead of ours, ms; absent: no usable Date header. */
  readonly clockAheadMs?: number
  readonly error?: unknown
}

export interface ObservedFetch {
  readonly fetch: typeof fetch
  readonly seen: readonly Observation[]
}

/** A fetch that remembers what it saw, so that a failure can be explained afterwards. */
export function observeFetch(clock: Clock, fetch = globalThis.fetch): ObservedFetch {
  const seen: Observation[] = []
  return {
    seen,
    async fetch(input, init) {
      const url = new URL(input instanceof Request ? input.url : input)
      const method = init?.method ?? 'GET'
      try {
        const response = await fetch(input, init)
        const date = Date.parse(response.headers.get('date') ?? '')
        const location = response.headers.get('location')
        seen.push({
          url,
          method,
          status: response.status,
          ...(location !== null && { location }),
          // A Date header holds whole seconds: half of one is the best guess.
          ...(!Number.isNaN(date) && { clockAheadMs: date + 500 - clock() }),
        })
        return response
      } catch (error) {
        seen.push({ url, method, error })
        throw error
      }
    },
  }
}
