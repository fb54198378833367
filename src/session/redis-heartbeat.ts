import type { Pingable } from './redis-client.ts'

const checkEveryMs = 200
const pingEveryMs = 1_000
/** An unanswered ping this old: the connection died without a sign. */
const silentAfterMs = 2_000
/** What the last answered ping proves is believed this long, so that nobody acts on a copy staler than 3 s. */
const provenForMs = 2_500

/**
 * Asks each connection every second whether it lives. An answered ping proves that every notice sent before it has arrived:
 * replies and notices share one ordered stream.
 */
export interface Heartbeat {
  /** All connections have answered lately. */
  alive(): boolean
  /** A connection swallows commands: nothing more is sent, so that its socket runs into its timeout and is replaced. */
  silent(): boolean
  /** The longest since an answered ping was sent while `alive`, since this was last asked, ms. */
  unprovenMs(): number
  /** Asks whoever is due now. */
  beat(): void
  close(): void
}

/** @param onTurn called when `alive` changes; time is the machine's own: a connection's silence is no product time */
export function startHeartbeat(
  connections: () => readonly Pingable[],
  onTurn: (alive: boolean) => void,
): Heartbeat {
  const now = () => performance.now()
  const asked = new Map<Pingable, number>()
  const proven = new WeakMap<Pingable, number>()
  let provenSince = Number.NEGATIVE_INFINITY
  let wasAlive = false
  let silent = false
  let longestUnprovenMs = 0

  const unproven = () => Math.min(now() - provenSince, provenForMs)
  const alive = () => now() - provenSince < provenForMs

  function judge(): void {
    if (wasAlive) longestUnprovenMs = Math.max(longestUnprovenMs, unproven())
    const moments = connections().map((connection) => proven.get(connection) ?? Number.NEGATIVE_INFINITY)
    provenSince = moments.length > 0 ? Math.min(...moments) : Number.NEGATIVE_INFINITY
    if (alive() === wasAlive) return
    wasAlive = !wasAlive
    onTurn(wasAlive)
  }

  async function ask(connection: Pingable): Promise<void> {
    const at = now()
    asked.set(connection, at)
    try {
      await connection.ping()
      proven.set(connection, at)
    } catch {
      proven.delete(connection)
    } finally {
      asked.delete(connection)
      judge()
    }
  }

  function beat(): void {
    const current = connections()
    for (const connection of asked.keys()) if (!current.includes(connection)) asked.delete(connection)
    for (const connection of current) {
      const due = now() - (proven.get(connection) ?? Number.NEGATIVE_INFINITY) >= pingEveryMs
      if (due && !asked.has(connection)) void ask(connection)
    }
    judge()
    // After a stall of our own the answers are waiting to be read: they come first.
    setImmediate(() => {
      silent = asked.size > 0 && now() - Math.min(...asked.values()) > silentAfterMs
    })
  }

  const timer = setInterval(beat, checkEveryMs)
  timer.unref()
  return {
    alive,
    beat,
    silent: () => silent,
    unprovenMs() {
      const longest = Math.max(longestUnprovenMs, wasAlive ? unproven() : 0)
      longestUnprovenMs = 0
      return longest
    },
    close: () => clearInterval(timer),
  }
}
