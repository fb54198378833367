import cluster from 'node:cluster'
import { createServer, type RequestListener, type Server } from 'node:http'
import { compose } from '../composition.ts'
import type { Examined } from '../examination.ts'
import { createDrain } from '../http/drain.ts'
import { shutDown } from '../shutdown.ts'
import { onEndSignals } from './end-signals.ts'
import { traceEnvironment } from './trace-environment.ts'
import { reportMetrics, scrapeAll } from './worker-metrics.ts'

/** The address cannot be had: taken, not allowed, not ours. The message is a line as of a wrong configuration. */
export class CannotListen extends Error {
  override readonly name = 'CannotListen'
  constructor(host: string, port: number, code: string | undefined) {
    super(`PORT: cannot listen on ${host}:${port} (${code}); is it taken? For example PORT=${port + 1}`)
  }
}

/** Runs the server until SIGTERM or SIGINT; SIGHUP reads key files again. */
export async function serve(examined: Examined): Promise<void> {
  const { config } = examined
  // Until it listens nobody waits for an answer.
  let end = (_signal: string): void => process.exit(0)
  onEndSignals({ end: (signal) => end(signal) })
  const house = await compose(examined, {
    clock: Date.now,
    ownProcess: true,
    ...(cluster.isWorker && { scrape: scrapeAll }),
    traceTo: traceEnvironment(),
  })
  if (cluster.isWorker) reportMetrics(house.report)
  const { log } = house
  process.on('exit', house.flush)
  const server = createServer(house.serverOptions, house.app)
  server.on('upgrade', house.upgrade)
  // Answered only after the gate has let the request through (RFC 9110 §10.1.1).
  server.on('checkContinue', house.checkContinue)
  const drains = [createDrain(server)]
  await listen(server, config.listen)
  const { port, host } = config.ops
  if (port !== undefined) {
    const opsServer = createOpsServer(house.ops)
    drains.push(createDrain(opsServer))
    await listen(opsServer, { port, host })
  }
  for (const warning of examined.warnings) log.warn('configuration.warning', { warning })
  log.info('listening', { url: config.public.origin, host: config.listen.host, port: config.listen.port })

  end = (signal) => {
    log.info('shutdown.started', { signal })
    const { leave, endStreams, close: closeStores } = house
    const onCut = (connections: number) => log.warn('shutdown.cut', { connections })
    const timeoutMs = config.shutdownTimeoutMs
    void shutDown({ drains, leave, endStreams, closeStores, onCut, timeoutMs }).then(() => process.exit(0))
  }
  process.on('SIGHUP', () => {
    house.reload().catch((cause: unknown) => log.error('reload.failed', { cause }))
  })
  // The last resort (ASVS V16.5.4): what nobody caught leaves the process in a state that nobody knows.
  process.on('uncaughtException', (cause) => {
    log.error('process.failed', { cause })
    process.exit(1)
  })
}

function createOpsServer(listener: RequestListener): Server {
  return createServer(listener)
}

/** @throws CannotListen */
function listen(server: Server, { port, host }: { port: number; host: string }): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = ({ code }: NodeJS.ErrnoException) => reject(new CannotListen(host, port, code))
    server.once('error', refuse)
    server.listen(port, host, () => {
      server.off('error', refuse)
      resolve()
    })
  })
}
