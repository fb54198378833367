import type { Log } from '../ops/log.ts'
import type { KeptScripts, RedisClient } from './redis-client.ts'

/** Replicas that did not answer are asked again after this long, by one write at a time, ms. */
const pauseMs = 1_000
/** A connection that owes an answer for this long is left alone, so that its socket runs into its timeout and is replaced, ms. */
const stuckAfterMs = 1_000

/** node-redis redirects single commands, not pipelines; a redirected write has not been done. */
const redirection = /^(MOVED|ASK) /
const refusal = /^(NOPERM|ERR unknown)/i

/** Runs a write that a fail-over must not lose. */
export type KeepWrite = (command: <Reply>(scripts: KeptScripts<Reply>) => Reply) => Promise<number>

/**
 * Replication is asynchronous, so a master may confirm a write and take it to its grave. In a cluster and behind sentinels a
 * sign-in or a logout is confirmed once a replica has it too (WAIT, on the connection that wrote). A replica that does not
 * answer, or a Redis that knows no WAIT, costs that guarantee and never the request: said once, as a named event.
 * @param lanes connections for this alone, since WAIT holds up all that comes behind it; none: a single server
 */
export function createReplication(
  main: () => RedisClient,
  lanes: readonly RedisClient[],
  log: Log,
): KeepWrite {
  const now = () => performance.now()
  /** When the writes that are under way on each lane began, the oldest first. */
  const busy = new Map(lanes.map((lane) => [lane, new Set<{ readonly since: number }>()]))
  let pausedUntil = 0
  let replicated = true
  let known: Promise<boolean> | undefined

  /** Asked once: an error beside a write's answer would hide that answer. */
  async function knowsWait(lane: RedisClient): Promise<boolean> {
    try {
      await lane.wait?.()
      return true
    } catch (error) {
      if (refusal.test(String((error as Error).message)))
        log.warn('session-store.without-wait', { error: String(error) })
      else known = undefined
      return false
    }
  }

  const writesOn = (lane: RedisClient) => busy.get(lane) ?? new Set()

  function usable(lane: RedisClient): boolean {
    const [oldest] = writesOn(lane)
    return lane.ready() && !(oldest && now() - oldest.since > stuckAfterMs)
  }

  /** The connection with the fewest writes on it. undefined: this write does without. */
  function freeLane(): RedisClient | undefined {
    if (!replicated && (now() < pausedUntil || lanes.some((lane) => writesOn(lane).size > 0)))
      return undefined
    const [lane] = lanes.filter(usable).toSorted((a, b) => writesOn(a).size - writesOn(b).size)
    return lane
  }

  function note(replicas: number): void {
    if (replicas < 1) pausedUntil = now() + pauseMs
    if (replicas > 0 === replicated) return
    replicated = !replicated
    log[replicated ? 'info' : 'warn'](replicated ? 'session-store.replicated' : 'session-store.unreplicated')
  }

  return async (command) => {
    const [first] = lanes
    if (first) known ??= knowsWait(first)
    const lane = (await known) ? freeLane() : undefined
    if (!lane?.replicated) return command(main().commands)
    const write = { since: now() }
    writesOn(lane).add(write)
    try {
      const { reply, replicas } = await lane.replicated(command)
      note(replicas)
      return reply
    } catch (error) {
      if (!redirection.test(String((error as Error).message))) throw error
      return command(lane.commands)
    } finally {
      writesOn(lane).delete(write)
    }
  }
}
