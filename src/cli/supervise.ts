import cluster, { type Worker } from 'node:cluster'

/** A worker that ends by itself comes back, but not in a tight loop. */
const restartDelayMs = 1_000

/**
 * The first of several processes: starts WORKERS others that share the port, restarts one that crashes, passes signals on,
 * and ends when they have. A worker that cannot start at all (exit code 1 before it listened) ends everything.
 */
export function supervise(workers: number): void {
  let ending = false
  const listening = new Set<Worker>()
  for (let started = 0; started < workers; started++) cluster.fork()

  function end(exitCode: number): void {
    if (ending) return
    ending = true
    process.exitCode = exitCode
    for (const worker of Object.values(cluster.workers ?? {})) worker?.kill('SIGTERM')
  }

  cluster.on('listening', (worker) => listening.add(worker))
  cluster.on('exit', (worker, code) => {
    const wasListening = listening.delete(worker)
    if (ending) return
    if (wasListening) setTimeout(() => !ending && cluster.fork(), restartDelayMs)
    else end(code || 1)
  })
  process.once('SIGTERM', () => end(0))
  process.once('SIGINT', () => end(0))
  process.on('SIGHUP', () => {
    for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill('SIGHUP')
  })
}
