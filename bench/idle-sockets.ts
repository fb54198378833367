import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { type MemoryMeter, openMeter } from '../test/proxy/processes/memory-of.ts'
import type { Contestant } from './contestants.ts'

export interface Sockets {
  readonly contestant: string
  readonly count: number
  /** Memory of the server per socket that does nothing, both ends together, KB: what it holds, and what is resident. */
  readonly heldKb: number
  readonly residentKb: number
}

/** Opens sockets that do nothing, and weighs the server before and after, each time after a full collection. */
export async function holdSockets(contestant: Contestant, count: number): Promise<Sockets> {
  const { name } = contestant
  const meter = await openMeterOf(contestant)
  // Once up and down: what the code itself takes is not counted.
  close(await open(contestant, 200))
  await pause(11_000)
  const before = await meter.measure()
  const sockets = await open(contestant, count)
  const after = await meter.measure()
  close(sockets)
  meter.close()
  const each = (figure: 'held' | 'resident') => (after[figure] - before[figure]) / 1024 / count
  return { contestant: name, count, heldKb: each('held'), residentKb: each('resident') }
}

/** Opens the server's inspector (SIGUSR1): nothing was measured with it open. */
async function openMeterOf({ process: { pid, inspectorPort } }: Contestant): Promise<MemoryMeter> {
  process.kill(pid, 'SIGUSR1')
  for (;;) {
    await pause(50)
    const list = await fetch(`http://127.0.0.1:${inspectorPort}/json/list`).catch(() => undefined)
    if (!list) continue
    const [target] = (await list.json()) as { webSocketDebuggerUrl: string }[]
    if (target) return openMeter(pid, target.webSocketDebuggerUrl)
  }
}

async function open({ origin, cookies }: Contestant, count: number): Promise<WebSocket[]> {
  const sockets: WebSocket[] = []
  for (let index = 0; index < count; index += 1) {
    const socket = new WebSocket(`${origin.replace('http', 'ws')}/api/live`, {
      headers: { origin, ...(cookies[0] !== undefined && { cookie: cookies[0] }) },
      perMessageDeflate: false,
    })
    await once(socket, 'open')
    sockets.push(socket)
  }
  return sockets
}

function close(sockets: readonly WebSocket[]): void {
  for (const socket of sockets) socket.terminate()
}
