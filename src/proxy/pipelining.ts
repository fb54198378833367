import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** More than any client sends ahead, and far fewer than the files that a process may open: each may cost a connection upstream. */
const mostWaiting = 100

const waiting = new WeakMap<Socket, number>()

/**
 * Whether a request comes behind too many of its connection that have no answer yet (RFC 9112 §9.3.2).
 * Counts only where somebody sends ahead: Node gives an answer its socket when it is its turn.
 */
export function isFarAhead({ socket }: IncomingMessage, res: ServerResponse): boolean {
  if (res.socket !== null) return false
  const count = (waiting.get(socket) ?? 0) + 1
  waiting.set(socket, count)
  res.once('close', () => waiting.set(socket, (waiting.get(socket) as number) - 1))
  return count > mostWaiting
}
