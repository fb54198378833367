import { Problem } from '../http/problem.ts'
import type { Lease, Leases } from './lease.ts'

/** What came of a renewal: `reused`, another instance had done it; `dead`, the grant is over and the session with it. */
export type RenewalOutcome = 'renewed' | 'reused' | 'dead' | 'failed'

/** Told of every renewal, for metrics. */
export type RenewalObserver = (
  kind: 'provider' | 'exchange',
  outcome: RenewalOutcome,
  leaseWaitMs: number,
) => void

export interface Renewed {
  readonly outcome: RenewalOutcome
  /** undefined: the session has ended. */
  readonly token: string | undefined
}

/** What a renewal may take at its peer (the provider, the exchange). */
export const answerWithinMs = 10_000

/** A loser waits as long as the winner may take, and for a killed winner's lease to run out. */
const leaseWithinMs = answerWithinMs + 5_000

/** Runs a renewal while no other instance runs one for the same session; it must look first whether it is still needed. */
export function createFleetRenewal(leases: Leases, observe: RenewalObserver) {
  async function acquire(key: string): Promise<Lease> {
    const lease = await leases.acquire(key, leaseWithinMs).catch((cause: unknown) => {
      throw new Problem('session-store-unavailable', { cause })
    })
    if (!lease) throw new Problem('token-unavailable')
    return lease
  }

  return async function oneAtATime(
    kind: 'provider' | 'exchange',
    handle: string,
    renewal: () => Promise<Renewed>,
  ): Promise<string | undefined> {
    const started = performance.now()
    const lease = await acquire(`${kind}:${handle}`).catch((error: unknown) => {
      observe(kind, 'failed', performance.now() - started)
      throw error
    })
    const waitedMs = performance.now() - started
    try {
      const { outcome, token } = await renewal()
      observe(kind, outcome, waitedMs)
      return token
    } catch (error) {
      observe(kind, 'failed', waitedMs)
      throw error
    } finally {
      await lease.release()
    }
  }
}

export type OneAtATime = ReturnType<typeof createFleetRenewal>
