import type { ServerResponse } from 'node:http'
import { Socket } from 'node:net'

/**
 * Ends an answer so that nobody takes it for whole. A missing last chunk or missing bytes show it by themselves
 * (RFC 9112 §8); an answer that lasts until the connection closes needs a reset.
 */
export function breakOff(res: ServerResponse, hasLength: boolean): void {
  const { socket } = res
  const showsItself = hasLength || res.chunkedEncoding
  // Over TLS the missing close_notify shows it.
  if (!showsItself && socket instanceof Socket && !('encrypted' in socket)) socket.resetAndDestroy()
  else res.destroy()
}
