import type { Socket } from 'node:net'
import { buildConnector, Client, Pool } from 'undici'
import { skipInterimAnswers } from '../http/interim-answers.ts'
import { markUnanswered } from './upstream-errors.ts'

const connectTimeoutMs = 10_000

/** One pool of connections per origin, however many routes lead there. */
export interface Upstreams {
  poolFor(target: URL): Pool
  /** A connection outside the pool, for one request. */
  connectionTo(target: URL): Client
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
      const pool = new Pool(origin, { ...connectionOptions(), connections: connections ?? null })
      pools.set(origin, pool)
      return pool
    },
    connectionTo: ({ origin }) => new Client(origin, connectionOptions()),
    async close() {
      await Promise.all([...pools.values()].map((pool) => pool.close()))
      pools.clear()
    },
  }
}

function connectionOptions() {
  return {
    connect: connectorThatShowsResets(),
    // HTTP/1.1 only, one request at a time on a connection: an upstream's slow answer delays no other caller's.
    allowH2: false,
    pipelining: 1,
    // Each call keeps its own time: undici's would count a slow upload against the upstream.
    headersTimeout: 0,
    bodyTimeout: 0,
  } as const
}

/**
 * undici takes a reset for the end of an answer that has no length (macOS resets connections that ended well);
 * to us that would be a cut answer that looks whole. Under another name the reset stays an error.
 */
function connectorThatShowsResets(): buildConnector.connector {
  const connect = buildConnector({ timeout: connectTimeoutMs, allowH2: false })
  return (options, callback) =>
    connect(options, (...outcome: Parameters<buildConnector.Callback>) => {
      if (outcome[1]) {
        watchAnswers(outcome[1])
        skipInterimAnswers(outcome[1])
      }
      callback(...outcome)
    })
}

/** Tells an error that came before the answer from one in its middle: how much had been read when the request was written? */
function watchAnswers(socket: Socket): void {
  const write = socket.write
  let readBefore = 0
  socket.write = function (this: Socket, ...args: Parameters<Socket['write']>) {
    readBefore = socket.bytesRead
    return write.apply(this, args)
  } as Socket['write']
  socket.prependListener('error', (error) => {
    if (socket.bytesRead === readBefore) markUnanswered(error)
  })
  socket.prependListener('error', renameReset)
}

function renameReset(this: Socket, error: NodeJS.ErrnoException): void {
  if (error.code === 'ECONNRESET') error.code = 'UPSTREAM_RESET'
}
