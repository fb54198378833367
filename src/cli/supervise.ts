import cluster, { type Worker } from 'node:cluster'
import type { Config } from '../config/config.ts'
import { onEndSignals } from './end-signals.ts'
import { sumUpWorkers } from './worker-metrics.ts'

/** A worker that ends by itself comes back, but not in a tight loop. */
const restartDelayMs = 1_000

/**
 * The first of several processes: starts WORKERS others that share the port, restarts one that crashes, passes signals on,
 * and ends when they have, or cuts one that has not when the time is up. A worker that cannot start at all (exit code 1
 * before it listened) ends everything.
 */
export function supervise({
  workers,
  shutdownTimeoutMs,
}: Pick<Config, 'workers' | 'shutdownTimeoutMs'>): void {
  let ending = false
  const listening = new Set<Worker>()
  sumUpWorkers()
  for (let started = 0; started < workers; started++) cluster.fork()

  function end(exitCode: number): void {
    if (ending) return
    ending = true
    process.exitCode = exitCode
    tell('SIGTERM')
    setTimeout(tell, shutdownTimeoutMs, 'SIGKILL').unref()
  }

  function tell(signal: NodeJS.Signals): void {
    for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill(signal)
  }

  cluster.on('listening', (worker) => listening.add(worker))
  cluster.on('exit', (worker, code) => {
    const wasListening = listening.delete(worker)
    if (ending) return
    if (wasListening) setTimeout(() => !ending && cluster.fork(), restartDelayMs)
    else end(code || 1)
  })
  onEndSignals({ end: () => end(0), atOnce: () => tell('SIGKILL') })
  process.on('SIGHUP', () => tell('SIGHUP'))
}
