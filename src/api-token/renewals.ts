import type { Clock } from '../clock.ts'
import type { Log } from '../ops/log.ts'

/** A token as a session holds one; without `expiresAt` nobody knows how long it lasts. */
export interface Holding {
  readonly token: string
  readonly expiresAt?: number
}

/** One call's need for a token. */
export interface Need {
  /** Names the token: one renewal at a time in this process per key. */
  readonly key: string
  readonly held: Holding | undefined
  /** An upstream refused this token. */
  readonly rejected?: string | undefined
  /** The token the session has after a renewal by whomever; undefined: the session has ended. */
  readonly renew: () => Promise<string | undefined>
}

export interface RenewalTimes {
  /** With less left, a renewal begins beside the call. */
  readonly earlyMs: number
  /** What a token given out must have left, whatever fails. */
  readonly leastMs: number
}

/** With less than this left the call waits for the renewal. */
export const comfortableMs = 30_000

/** A token that is still good is not asked for again sooner than this, whether the last attempt failed or not. */
const pauseMs = 10_000

/**
 * Gives out what a session holds while it is good and renews it in time: beside the call as long as there is time,
 * once for all callers. A renewal that fails costs nothing while the held token is good.
 */
export function createRenewals({ earlyMs, leastMs }: RenewalTimes, clock: Clock, log: Log) {
  const flights = new Map<string, Promise<string | undefined>>()
  const pauses = createPauses(clock)

  function renewed({ key, rejected, renew }: Need): Promise<string | undefined> {
    // A renewal that knows nothing of the refusal might come back with the refused token.
    const name = rejected === undefined ? key : `${key} ${rejected}`
    const running = flights.get(name)
    if (running) return running
    const flight = renew().finally(() => {
      flights.delete(name)
      pauses.begin(rejected === undefined ? key : `${key} refused`)
    })
    flights.set(name, flight)
    return flight
  }

  return {
    /** A refused token was renewed a moment ago: an API that refuses the new one too would refuse the next. */
    refusedLately: (key: string) => pauses.active(`${key} refused`),

    tokenFor(need: Need): string | undefined | Promise<string | undefined> {
      const { key, held, rejected } = need
      if (!held) return renewed(need)
      const left = (held.expiresAt ?? Number.POSITIVE_INFINITY) - clock()
      const refused = held.token === rejected
      if (!refused && left >= earlyMs) return held.token
      const good = left > 0 && left >= leastMs
      if (!refused && good && pauses.active(key)) return held.token
      const renewal = renewed(need).catch((error: unknown) => {
        if (!good) throw error
        log.warn('token.renewal-failed', { key: key.split(' ')[0], error })
        return held.token
      })
      return !refused && good && left >= comfortableMs ? held.token : renewal
    },
  }
}

/** Remembers for `pauseMs` that something was just done; oldest first, so that what is over is dropped from the front. */
function createPauses(clock: Clock) {
  const until = new Map<string, number>()
  const active = (key: string) => (until.get(key) ?? 0) > clock()
  return {
    active,
    begin(key: string) {
      for (const old of until.keys()) {
        if (active(old)) break
        until.delete(old)
      }
      until.delete(key)
      until.set(key, clock() + pauseMs)
    },
  }
}
