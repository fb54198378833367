import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../clock.ts'
import type { Sealer } from '../crypto/seal.ts'
import type { ShortNotes } from '../session/sessions.ts'
import { type Attempt, attemptLifetimeMs, attemptName } from './attempt.ts'

/** What a callback came to. */
export interface Outcome {
  /** A local path. */
  readonly page: string
  /** Of the session that it began. */
  readonly ticket?: string
}

/**
 * What the server notes about attempts, for all instances: the store alone opens none of it, because it is sealed under the key
 * in the attempt's cookie.
 */
export interface AttemptNotes {
  setOutcome(attempt: Attempt, outcome: Outcome): Promise<void>
  /** The outcome of a callback that began before this one, once there is one; undefined: it is too long ago, or it never came. */
  outcome(attempt: Attempt): Promise<Outcome | undefined>
  /** From now on the attempt counts as begun in the session of this ticket. */
  setStarter(attempt: Attempt, ticket: string): Promise<void>
  starter(attempt: Attempt): Promise<string | undefined>
}

const givenAgainMs = 30_000
/** Longer than a callback takes, of the machine's time. */
const patienceMs = 12_000
const pollMs = 50

export function createAttemptNotes(options: {
  readonly notes: ShortNotes
  readonly sealer: Sealer
  readonly clock: Clock
}): AttemptNotes {
  const { notes, sealer, clock } = options

  async function put(kind: string, attempt: Attempt, content: object): Promise<void> {
    const name = `${kind}:${attemptName(attempt.checks.state)}`
    // For as long as the cookie lives: "too long ago" must not look like "under way".
    await notes.put(name, sealer.seal(JSON.stringify(content), `${kind} ${attempt.key}`), attemptLifetimeMs)
  }

  async function get<T>(kind: string, attempt: Attempt): Promise<T | undefined> {
    const sealed = await notes.get(`${kind}:${attemptName(attempt.checks.state)}`)
    const opened = sealed === undefined ? undefined : sealer.open(sealed, `${kind} ${attempt.key}`)
    return opened && (JSON.parse(opened.plaintext) as T)
  }

  return {
    setOutcome: (attempt, outcome) => put('outcome', attempt, { ...outcome, at: clock() }),
    async outcome(attempt) {
      const until = performance.now() + patienceMs
      do {
        const noted = await get<Outcome & { at: number }>('outcome', attempt)
        if (noted) return clock() - noted.at < givenAgainMs ? noted : undefined
        await sleep(pollMs)
      } while (performance.now() < until)
      return undefined
    },
    setStarter: (attempt, ticket) => put('starter', attempt, { ticket }),
    starter: async (attempt) => (await get<{ ticket: string }>('starter', attempt))?.ticket,
  }
}
