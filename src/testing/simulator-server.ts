import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Answer, html, type SimulatedRequest, send } from './answer.ts'
import type { Fault } from './faults.ts'
import type { Endpoint } from './surface.ts'

/** A listener on loopback that answers, remembers what it was asked, and can be told to misbehave. */
export interface SimulatorServer {
  /** `http://127.0.0.1:port`. */
  readonly origin: string
  readonly requests: readonly SimulatedRequest[]
  serve(endpoints: readonly Endpoint[]): void
  fail(endpoint: string, fault: Fault, times?: number): void
  recover(): void
  start(): Promise<void>
  stop(): Promise<void>
}

const maxBody = 1024 * 1024
const maxRequests = 1_000

export async function startSimulatorServer(clock: () => number, port = 0): Promise<SimulatorServer> {
  const requests: SimulatedRequest[] = []
  const faults = new Map<string, { readonly fault: Fault; left: number }>()
  const endpoints: Endpoint[] = []
  const server = createServer((req, res) => void handle(req, res))

  async function handle(req: IncomingMessage, res: ServerResponse) {
    try {
      const url = new URL(req.url ?? '/', 'http://simulator.invalid')
      const endpoint = endpoints.find((one) => one.path === url.pathname)
      const request: SimulatedRequest = {
        endpoint: endpoint?.name ?? 'unknown',
        method: req.method ?? 'GET',
        path: url.pathname,
        query: url.searchParams,
        headers: req.headers,
        form: await readForm(req),
        at: clock(),
      }
      requests.push(request)
      // A demo runs for days.
      if (requests.length > maxRequests) requests.shift()
      const answer = async () => answerOf(endpoint, request)
      const fault = takeFault(request.endpoint)
      if (fault) await fault(res, answer)
      else send(res, await answer())
    } catch {
      res.destroy()
    }
  }

  function takeFault(endpoint: string): Fault | undefined {
    const planned = faults.get(endpoint)
    if (planned && --planned.left <= 0) faults.delete(endpoint)
    return planned?.fault
  }

  async function start() {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
  }
  await start()
  const bound = (server.address() as AddressInfo).port

  return {
    origin: `http://127.0.0.1:${bound}`,
    requests,
    serve: (more) => void endpoints.push(...more),
    fail: (endpoint, fault, times = Number.POSITIVE_INFINITY) =>
      void faults.set(endpoint, { fault, left: times }),
    recover: () => faults.clear(),
    async start() {
      port = bound
      if (!server.listening) await start()
    },
    async stop() {
      if (!server.listening) return
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

function answerOf(endpoint: Endpoint | undefined, request: SimulatedRequest): Answer | Promise<Answer> {
  if (!endpoint) return html('<!doctype html><title>404</title><h1>404</h1>', 404)
  if (!endpoint.methods.includes(request.method))
    return html('<!doctype html><title>405</title><h1>405</h1>', 405)
  return endpoint.answer(request)
}

async function readForm(req: IncomingMessage): Promise<URLSearchParams> {
  let body = ''
  req.setEncoding('utf8')
  for await (const chunk of req) {
    body += chunk
    if (body.length > maxBody) throw new Error('the body is too large')
  }
  const isForm = req.headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true
  return new URLSearchParams(isForm ? body : '')
}
