import type { LongLived } from './proxy-context.ts'
import { WebSocketTunnel } from './websocket-tunnel.ts'

/** What outlives its request, by kind. */
export interface LiveConnections {
  readonly webSockets: number
  readonly eventStreams: number
}

/** Counted when somebody asks: a connection that comes or goes costs nothing more. */
export function countConnections(longLived: ReadonlySet<LongLived>): LiveConnections {
  let webSockets = 0
  for (const one of longLived) if (one instanceof WebSocketTunnel) webSockets += 1
  return { webSockets, eventStreams: longLived.size - webSockets }
}
