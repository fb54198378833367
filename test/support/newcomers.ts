import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'

/** How connections ended: `answered`, `refused`, or `lost` (sent, and reset or closed without an answer). */
export type Fates = Readonly<Record<'answered' | 'refused' | 'lost', number>>

/**
 * Ten at a time, again and again until one is refused: each with a POST on a connection of its own. In a thread of their
 * own, so that the server's event loop does not decide when they come.
 */
export function sendNewcomers(port: number): Promise<Fates> {
  const worker = new Worker(import.meta.filename, { workerData: { port } })
  return new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
}

const request = 'POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx'

async function come(port: number): Promise<Fates> {
  const fates = { answered: 0, refused: 0, lost: 0 }
  function one(): Promise<void> {
    return new Promise((resolve) => {
      let fate: keyof Fates = 'lost'
      const socket = connect(port, '127.0.0.1', () => socket.write(request))
      socket.once('data', () => {
        fate = 'answered'
      })
      socket.once('error', ({ code }: NodeJS.ErrnoException) => {
        if (code === 'ECONNREFUSED') fate = 'refused'
      })
      socket.once('close', () => {
        fates[fate] += 1
        resolve()
      })
    })
  }
  while (fates.refused === 0) {
    await Promise.all(Array.from({ length: 10 }, one))
    await sleep(20)
  }
  return fates
}

if (!isMainThread && parentPort && workerData && 'port' in workerData)
  parentPort.postMessage(await come(workerData.port))
