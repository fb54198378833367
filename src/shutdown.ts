import type { Server } from 'node:http'
import { within } from './deadline.ts'

export interface ShutdownSteps {
  readonly servers: readonly Server[]
  /** Makes `/readyz` answer 503, so that no new request is sent here. */
  readonly leave: () => void
  /** Ends what would never end by itself: sockets and event streams, which are told to come back. */
  readonly endStreams: () => void
  /** Closes stores and pools, after the last answer. */
  readonly closeStores: () => Promise<void>
  readonly timeoutMs: number
}

/**
 * The order in which the server ends: unready, no new connections, running requests finish, sockets end, stores close.
 * Whatever has not finished by the deadline is cut, a little before it, so that the stores still close within it.
 */
export async function shutDown({
  servers,
  leave,
  endStreams,
  closeStores,
  timeoutMs,
}: ShutdownSteps): Promise<void> {
  leave()
  const closed = Promise.all(servers.map(stopAccepting))
  endStreams()
  // A connection whose last request finishes only now is idle and would stay open for its keep-alive time.
  const sweep = setInterval(() => {
    for (const server of servers) server.closeIdleConnections()
  }, 50)
  const cut = setTimeout(() => {
    for (const server of servers) server.closeAllConnections()
  }, timeoutMs * 0.8)
  await closed
  clearInterval(sweep)
  clearTimeout(cut)
  await within(closeStores(), timeoutMs * 0.2)
}

/** Resolves when the last connection is gone. */
function stopAccepting(server: Server): Promise<void> {
  return new Promise((resolve) => {
    if (server.listening) server.close(() => resolve())
    else resolve()
  })
}
