import type { Socket } from 'node:net'
import { buildConnector, Pool } from 'undici'

const connectTimeoutMs = 10_000

/** One pool of connections per origin, however many routes lead there. */
export interface Upstreams {
  poolFor(target: URL): Pool
  /** Lets running requests finish, then closes the connections. */
  close(): Promise<void>
}

/** `connections`: to one origin at most, calls beyond wait; undefined: no limit. */
export function createUpstreams(connections?: number): Upstreams {
  const pools = new Map<string, Pool>()

  return {
    poolFor({ origin }) {
      const known = pools.get(origin)
      if (known) return known
      const pool = new Pool(origin, {
        connect: connectorThatShowsResets(),
        connections: connections ?? null,
        // HTTP/1.1 only, one request at a time on a connection: an upstream's slow answer delays nobody else's.
        allowH2: false,
        pipelining: 1,
        // Each call keeps its own time: undici's would count a slow upload against the upstream.
        headersTimeout: 0,
        bodyTimeout: 0,
      })
      pools.set(origin, pool)
      return pool
    },
    async close() {
      await Promise.all([...pools.values()].map((pool) => pool.close()))
      pools.clear()
    },
  }
}

/**
 * undici takes a reset for the end of an answer that has no length (macOS resets connections that ended well);
 * to us that would be a cut answer that looks whole. Under another name the reset stays an error.
 */
function connectorThatShowsResets(): buildConnector.connector {
  const connect = buildConnector({ timeout: connectTimeoutMs, allowH2: false })
  return (options, callback) =>
    connect(options, (...outcome: Parameters<buildConnector.Callback>) => {
      outcome[1]?.prependListener('error', renameReset)
      callback(...outcome)
    })
}

function renameReset(this: Socket, error: NodeJS.ErrnoException): void {
  if (error.code === 'ECONNRESET') error.code = 'UPSTREAM_RESET'
}
