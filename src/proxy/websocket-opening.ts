import type { Socket } from 'node:net'
import type { OpenSession } from '../session/session.ts'
import type { ProxyContext } from './proxy-context.ts'
import { sessionEnded, WebSocketTunnel } from './websocket-tunnel.ts'

export interface Joined {
  readonly client: Socket
  readonly upstream: Socket
  /** What the upstream had sent with its 101, and the client with its handshake. */
  readonly head: Buffer
  readonly early: Buffer
}

/** Who has passed the gate: nothing of the request but its session is kept. */
interface Admitted {
  readonly context: ProxyContext
  readonly open: OpenSession | undefined
}

/** Joins both ends, until one of them leaves or the session ends. Keeps nothing of the handshake in memory. */
export function openTunnel(
  { context: { reader, longLived }, open }: Admitted,
  { client, upstream, head, early }: Joined,
): void {
  for (const socket of [client, upstream]) socket.setTimeout(0).setNoDelay(true).setKeepAlive(true, 60_000)
  const tunnel: WebSocketTunnel = new WebSocketTunnel({
    client,
    upstream,
    onMessage: () => {
      if (open) reader.use(open)
    },
    onClose: () => {
      stopWatching?.()
      longLived.delete(tunnel)
    },
  })
  longLived.add(tunnel)
  const stopWatching = open && reader.watch(open, () => tunnel.end(sessionEnded))
  if (head.length > 0) upstream.unshift(head)
  if (early.length > 0) client.unshift(early)
}
