import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Socket } from 'node:net'
import { type Duplex, pipeline } from 'node:stream'
import { Problem } from '../http/problem.ts'
import { requestId } from '../http/request-id.ts'
import type { OpenSession } from '../session/session.ts'
import { type Applicant, refused } from './admission.ts'
import { answerHeaders } from './answer-headers.ts'
import { isForeignUpgrade } from './gate.ts'
import { outgoingHeaders } from './outgoing-headers.ts'
import type { ApiRoute, ProxyContext } from './proxy-context.ts'
import { refuseUpgrade, upgradeResponse } from './upgrade-answer.ts'
import { upstreamProblem } from './upstream-errors.ts'
import { acceptFor } from './websocket-handshake.ts'
import { sessionEnded, WebSocketTunnel } from './websocket-tunnel.ts'

export interface Upgrade {
  readonly req: IncomingMessage
  readonly socket: Duplex
  /** What the client sent right after the handshake. */
  readonly head: Buffer
}

/** One WebSocket handshake on a route, from the gate to the tunnel. */
export class UpgradeCall implements Applicant {
  readonly context: ProxyContext
  readonly route: ApiRoute
  readonly req: IncomingMessage
  readonly id: string
  readonly #socket: Duplex
  readonly #head: Buffer
  readonly #startedAt = performance.now()
  open: OpenSession | undefined
  token: string | undefined
  #request: ClientRequest | undefined
  #unwatch: (() => void) | undefined
  #over = false

  constructor(context: ProxyContext, route: ApiRoute, { req, socket, head }: Upgrade) {
    this.context = context
    this.route = route
    this.req = req
    this.id = requestId(req)
    this.#socket = socket
    this.#head = head
    // Without a listener a client's reset would take the server down.
    socket.on('error', () => socket.destroy()).once('close', this.#onLeft)
  }

  saysElsewhere(): boolean {
    return isForeignUpgrade(this.route, this.req, this.context.publicOrigin)
  }

  /** Where the rule holds, Origin was there and was ours: that is proof. */
  lacksProof(): boolean {
    return false
  }

  enter(): void {
    if (this.#over) return
    const { open, context } = this
    if (open) this.#unwatch = context.reader.watch(open, this.#onSessionEnd)
    this.route.middleware.upgrade(this.req, this.#socket as Socket, this.#head)
  }

  /** Sends the handshake up, as `req.url` has it by now. */
  proceed(): void {
    if (this.#over) return
    const { upstream, basePath, timeoutMs } = this.route
    const send = upstream.protocol === 'https:' ? httpsRequest : httpRequest
    try {
      this.#request = send({
        // A URL has IPv6 in brackets, a socket has not.
        host: upstream.hostname.replace(/^\[|\]$/g, ''),
        port: upstream.port,
        path: basePath + this.req.url,
        headers: [
          ...['host', upstream.host, 'connection', 'Upgrade', 'upgrade', 'websocket'],
          ...outgoingHeaders(this),
        ],
        // A socket of its own: it will not come back to any pool.
        agent: false,
      })
    } catch (error) {
      this.fail(new Problem('invalid-request', { cause: error }))
      return
    }
    this.#request
      .setTimeout(timeoutMs, () => this.fail(new Problem('upstream-timeout')))
      .once('upgrade', this.#onUpgrade)
      .once('response', this.#onResponse)
      .on('error', (error) => this.fail(upstreamProblem(error)))
      .end()
  }

  readonly #onUpgrade = (answer: IncomingMessage, upstream: Socket, head: Buffer): void => {
    if (answer.headers['sec-websocket-accept'] !== acceptFor(this.req)) {
      upstream.destroy()
      this.fail(new Problem('upstream-invalid-response'))
      return
    }
    this.#over = true
    const client = this.#socket as Socket
    client.off('close', this.#onLeft)
    const lines = ['HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: websocket']
    const list = this.#answerHeaders(answer)
    for (let index = 0; index < list.length; index += 2) lines.push(`${list[index]}: ${list[index + 1]}`)
    client.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
    this.#observe(101)
    openTunnel(this, { client, upstream, head, early: this.#head, unwatch: this.#unwatch })
  }

  /** The upstream does not want a WebSocket here: its answer goes to the client as it is. */
  readonly #onResponse = (answer: IncomingMessage): void => {
    if (this.#over) return
    this.#over = true
    this.#unwatch?.()
    const status = answer.statusCode ?? 502
    const res = upgradeResponse(this.req, this.#socket)
    res.writeHead(status, this.#answerHeaders(answer))
    this.#observe(status)
    pipeline(answer, res, (error) => {
      if (error) this.#socket.destroy()
    })
  }

  #answerHeaders(answer: IncomingMessage): string[] {
    return answerHeaders(answer.headers, {
      setCookie: this.route.setCookie,
      sandbox: this.route.sandbox,
      ownCookieNames: this.context.ownCookieNames,
      requestId: this.id,
      personal: this.token !== undefined,
    })
  }

  readonly #onSessionEnd = (): void => this.fail(refused('session-required', this.context))

  readonly #onLeft = (): void => {
    this.#over = true
    this.#unwatch?.()
    this.#request?.destroy()
  }

  fail(error: unknown): void {
    if (this.#over) return
    this.#onLeft()
    const problem = error instanceof Problem ? error : new Problem('internal-error', { cause: error })
    if (problem.status >= 500) {
      const { code, cause } = problem
      this.context.log.warn('proxy.failed', { code, route: this.route.path, requestId: this.id, cause })
    }
    this.#observe(problem.status, problem)
    refuseUpgrade(this.req, this.#socket, problem)
  }

  #observe(status: number, problem?: Problem): void {
    this.context.observe?.({
      route: this.route.path,
      method: 'GET',
      status,
      code: problem?.code,
      cut: false,
      durationMs: performance.now() - this.#startedAt,
      upstreamMs: undefined,
      requestId: this.id,
    })
  }
}

interface Joined {
  readonly client: Socket
  readonly upstream: Socket
  /** What the upstream had sent with its 101, and the client with its handshake. */
  readonly head: Buffer
  readonly early: Buffer
  readonly unwatch: (() => void) | undefined
}

/** Apart from the call, so that an idle socket does not keep the request and its headers in memory. */
function openTunnel(
  { context, open }: UpgradeCall,
  { client, upstream, head, early, unwatch }: Joined,
): void {
  for (const socket of [client, upstream]) socket.setTimeout(0).setNoDelay(true).setKeepAlive(true, 60_000)
  unwatch?.()
  const { reader, longLived } = context
  const tunnel: WebSocketTunnel = new WebSocketTunnel({
    client,
    upstream,
    onMessage: () => {
      if (open) reader.use(open)
    },
    onClose: () => {
      stopWatching?.()
      longLived.delete(tunnel)
    },
  })
  longLived.add(tunnel)
  const stopWatching = open && reader.watch(open, () => tunnel.end(sessionEnded))
  if (head.length > 0) upstream.unshift(head)
  if (early.length > 0) client.unshift(early)
}
