import type { Log } from '../ops/log.ts'
import type { KeptScripts, RedisClient } from './redis-client.ts'

/** A master that got no answer from a replica is not made to wait again for this long, ms. */
const pauseMs = 1_000
/** A wait under way for this long has found a slow replica: nobody else is made to stand behind it, ms. */
const slowMs = 50

/** node-redis redirects single commands, not pipelines; a redirected write has not been done. */
const redirection = /^(MOVED|ASK) /
const refusal = /^(NOPERM|ERR unknown)/i

/** Runs a write that a fail-over must not lose. */
export type KeepWrite = (command: <Reply>(scripts: KeptScripts<Reply>) => Reply) => Promise<number>

/**
 * Replication is asynchronous, so a master may confirm a write and take it to its grave. In a cluster and behind sentinels a
 * sign-in or a logout is confirmed once a replica has it too (WAIT, on the connection that wrote). A replica that does not
 * answer, or a Redis that knows no WAIT, costs that guarantee and never the request: said once, as a named event.
 */
export function createReplication(client: () => RedisClient, log: Log): KeepWrite {
  const now = () => performance.now()
  const waiting = new Set<{ readonly since: number }>()
  let pausedUntil = 0
  let replicated = true
  let known: Promise<boolean> | undefined

  /** Asked once: an error beside a write's answer would hide that answer. */
  async function knowsWait(asked: RedisClient): Promise<boolean> {
    try {
      await asked.wait?.()
      return true
    } catch (error) {
      if (refusal.test(String((error as Error).message)))
        log.warn('session-store.without-wait', { error: String(error) })
      else known = undefined
      return false
    }
  }

  function pausing(): boolean {
    const [oldest] = waiting
    return now() < pausedUntil || (oldest !== undefined && now() - oldest.since > slowMs)
  }

  function note(replicas: number): void {
    if (replicas < 1) pausedUntil = now() + pauseMs
    if (replicas > 0 === replicated) return
    replicated = !replicated
    log[replicated ? 'info' : 'warn'](replicated ? 'session-store.replicated' : 'session-store.unreplicated')
  }

  return async (command) => {
    const current = client()
    if (!current.replicated) return command(current.commands)
    known ??= knowsWait(current)
    if (!(await known) || pausing() || !current.ready()) return command(current.commands)
    const wait = { since: now() }
    waiting.add(wait)
    try {
      const { reply, replicas } = await current.replicated(command)
      note(replicas)
      return reply
    } catch (error) {
      if (redirection.test(String((error as Error).message))) return command(current.commands)
      throw error
    } finally {
      waiting.delete(wait)
    }
  }
}
