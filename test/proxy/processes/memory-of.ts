import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { WebSocket } from 'ws'
import type { ServerProcess } from '../../support/server-process.ts'

/** A process's memory right after a full garbage collection, bytes. */
export interface Memory {
  /** What JavaScript holds: V8's heap, and buffers outside it. */
  readonly held: number
  /** What the process has of the machine's memory. */
  readonly resident: number
}

/** The server's environment needs this, so that two servers do not want the same inspector port. */
export const inspectable = { NODE_OPTIONS: '--inspect-port=0' }

export interface MemoryMeter {
  measure(): Promise<Memory>
  /** The value of an expression in the server, as a string. */
  evaluate(expression: string): Promise<string>
  close(): void
}

/** Opens a server's inspector from outside (SIGUSR1), to ask for a collection and the figures after it. */
export async function openMemoryOf(server: ServerProcess): Promise<MemoryMeter> {
  server.child.kill('SIGUSR1')
  let url: string | undefined
  while (url === undefined) {
    await pause(20)
    url = /Debugger listening on (ws:\S+)/.exec(server.output().stderr)?.[1]
  }
  return openMeter(server.child.pid as number, url)
}

/** By the address of an inspector that is open. */
export async function openMeter(pid: number, url: string): Promise<MemoryMeter> {
  const inspector = new WebSocket(url)
  await once(inspector, 'open')
  let last = 0

  async function ask(method: string, params: object = {}): Promise<{ result?: { value?: string } }> {
    last += 1
    const id = last
    const answered = new Promise<{ result: object }>((resolve) => {
      const look = (data: unknown) => {
        const message = JSON.parse(String(data)) as { id?: number; result: object }
        if (message.id !== id) return
        inspector.off('message', look)
        resolve(message)
      }
      inspector.on('message', look)
    })
    inspector.send(JSON.stringify({ id, method, params }))
    return (await answered).result
  }

  async function evaluate(expression: string): Promise<string> {
    const { result } = await ask('Runtime.evaluate', { expression })
    return result?.value ?? ''
  }

  return {
    evaluate,
    async measure() {
      // Once for what is dead, then for what its finalizers let go.
      for (let round = 0; round < 3; round += 1) {
        await ask('HeapProfiler.collectGarbage')
        await pause(200)
      }
      const { heapUsed, external } = JSON.parse(
        await evaluate('JSON.stringify(process.memoryUsage())'),
      ) as NodeJS.MemoryUsage
      return { held: heapUsed + external, resident: residentBytes(pid) }
    },
    close: () => inspector.terminate(),
  }
}

/** proc(5): VmRSS. */
export function residentBytes(pid: number, figure: 'VmRSS' | 'VmHWM' = 'VmRSS'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(new RegExp(`^${figure}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1024
}
