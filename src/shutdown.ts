import { setTimeout as sleep } from 'node:timers/promises'
import { late, within } from './deadline.ts'
import type { Drain } from './http/drain.ts'

export interface ShutdownSteps {
  readonly drains: readonly Drain[]
  /** Makes `/readyz` answer 503, so that no new request is sent here. */
  readonly leave: () => void
  /** Ends what would never end by itself: sockets and event streams, which are told to come back. */
  readonly endStreams: () => void
  /** Closes stores and pools, after the last answer. */
  readonly closeStores: () => Promise<void>
  /** Told how many connections the deadline cut. */
  readonly onCut: (connections: number) => void
  readonly timeoutMs: number
}

const sweepEveryMs = 50

/**
 * The order in which the server ends, in tenths of the time it may take:
 * 1. one tenth unready, everything else as ever: a load balancer that asks `/readyz` looks elsewhere before anything stops;
 * 2. one tenth at most without new connections: one that asks nothing goes elsewhere when it is refused, and whoever
 *    already is on its way over an open connection is answered, with the word that it was the last time;
 * 3. idle connections close, running requests finish, until seven and a half tenths: the rest is cut;
 * 4. stores close.
 */
export async function shutDown(steps: ShutdownSteps): Promise<void> {
  const { drains, leave, endStreams, closeStores, onCut, timeoutMs } = steps
  const tenth = timeoutMs / 10
  leave()
  await sleep(tenth)
  await Promise.all(drains.map((drain) => drain.begin()))
  // Only now: who comes back finds another instance.
  endStreams()
  const closed = Promise.all(drains.map((drain) => drain.closed))
  if ((await within(closed, tenth)) === late) {
    const sweep = setInterval(() => {
      // A handshake that was under way has become a socket, an answer that had begun has left an idle connection.
      endStreams()
      for (const drain of drains) void drain.closeIdle()
    }, sweepEveryMs)
    const inTime = await within(closed, tenth * 5.5)
    clearInterval(sweep)
    if (inTime === late) onCut(drains.reduce((count, drain) => count + drain.cut(), 0))
  }
  await within(closeStores(), tenth * 2)
}
