import type { Socket } from 'node:net'

/** Whether the client has left. Its request goes no further: there would be no address to name to the upstream. */
export function hasLeft(socket: Socket): boolean {
  // A TCP connection without a peer was reset, even if nobody has read the error yet. A Unix socket never has one.
  return socket.destroyed || (socket.remoteAddress === undefined && socket.localAddress !== undefined)
}
