import type { Server } from 'node:http'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Verifier } from './api.ts'

export interface RoomOptions {
  readonly server: Server
  readonly path: string
  readonly verify: Verifier
}

/** A room by WebSocket: everybody in it is told who is there. The API never closes it; coatcheck does when a session ends. */
export function openRoom({ server, path, verify }: RoomOptions): void {
  const guests = new Map<WebSocket, string>()
  const sockets = new WebSocketServer({ noServer: true })

  function tellAll() {
    const names = [...new Set(guests.values())].sort()
    for (const guest of guests.keys()) guest.send(JSON.stringify({ names }))
  }

  server.on('upgrade', async (req, socket, head) => {
    const claims = await verify(req.headers.authorization).catch(() => undefined)
    if (!claims || req.url !== path) {
      socket.destroy()
      return
    }
    sockets.handleUpgrade(req, socket, head, (guest) => {
      guests.set(guest, String(claims['nickname'] ?? claims.sub))
      tellAll()
      guest.on('close', () => {
        guests.delete(guest)
        tellAll()
      })
      // A connection that coatcheck cut is closed as well; there is nothing more to say about it.
      guest.on('error', () => guest.terminate())
    })
  })
}
