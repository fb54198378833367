import { createServer, type RequestListener, type Server } from 'node:http'
import { compose } from '../composition.ts'
import type { Examined } from '../examination.ts'
import { shutDown } from '../shutdown.ts'

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
  const house = await compose(examined, { clock: Date.now, ownProcess: true })
  const { log } = house
  const server = createServer(house.serverOptions, house.app)
  server.on('upgrade', house.upgrade)
  // Answered only after the gate has let the request through (RFC 9110 §10.1.1).
  server.on('checkContinue', house.checkContinue)
  const servers = [await listen(server, config.listen)]
  const { port, host } = config.ops
  if (port !== undefined) servers.push(await listen(createOpsServer(house.ops), { port, host }))
  for (const warning of examined.warnings) log.warn('configuration.warning', { warning })
  log.info('listening', { url: config.public.origin, host: config.listen.host, port: config.listen.port })

  const end = once(async (signal: string) => {
    log.info('shutdown.started', { signal })
    await shutDown({
      servers,
      leave: house.leave,
      endStreams: house.endStreams,
      closeStores: house.close,
      timeoutMs: config.shutdownTimeoutMs,
    })
    process.exit(0)
  })
  process.on('SIGTERM', end)
  process.on('SIGINT', end)
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
function listen(server: Server, { port, host }: { port: number; host: string }): Promise<Server> {
  return new Promise((resolve, reject) => {
    const refuse = ({ code }: NodeJS.ErrnoException) => reject(new CannotListen(host, port, code))
    server.once('error', refuse)
    server.listen(port, host, () => {
      server.off('error', refuse)
      resolve(server)
    })
  })
}

function once(run: (signal: string) => Promise<void>): (signal: string) => void {
  let ran = false
  return (signal) => {
    if (ran) return
    ran = true
    void run(signal)
  }
}
