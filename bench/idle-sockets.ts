import { once } from 'node:events'
import { WebSocket } from 'ws'
import type { Contestant } from './contestants.ts'

export interface Sockets {
  readonly contestant: string
  readonly count: number
  /** Resident memory of the server per socket that does nothing, KB. */
  readonly kbEach: number
}

/** Opens sockets that do nothing, and weighs the server before and after. */
export async function holdSockets(contestant: Contestant, count: number): Promise<Sockets> {
  const { origin, cookies, process, name } = contestant
  const before = process.rssMb()
  const sockets: WebSocket[] = []
  for (let index = 0; index < count; index += 1) {
    const socket = new WebSocket(`${origin.replace('http', 'ws')}/api/live`, {
      headers: { origin, ...(cookies[0] !== undefined && { cookie: cookies[0] }) },
      perMessageDeflate: false,
    })
    await once(socket, 'open')
    sockets.push(socket)
  }
  const kbEach = ((process.rssMb() - before) * 1024) / count
  for (const socket of sockets) socket.terminate()
  return { contestant: name, count, kbEach }
}
