import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { Problem } from '../http/problem.ts'
import { requestId } from '../http/request-id.ts'
import type { OpenSession } from '../session/session.ts'
import type { CookieRenewal } from '../session/sessions.ts'
import { type Applicant, refused } from './admission.ts'
import { answerHeaders } from './answer-headers.ts'
import { failureOf } from './failure.ts'
import { isForeignUpgrade } from './gate.ts'
import { answerRules, outgoingHeaders } from './outgoing-headers.ts'
import { hasLeft } from './peer.ts'
import type { ApiRoute, ProxyContext } from './proxy-context.ts'
import { upstreamPath } from './route-table.ts'
import { passAnswerOn, refuseUpgrade } from './upgrade-answer.ts'
import { upstreamProblem } from './upstream-errors.ts'
import { understood } from './websocket-handshake.ts'
import { openTunnel } from './websocket-opening.ts'

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
  readonly #target: string
  readonly #socket: Duplex
  readonly #head: Buffer
  readonly #startedAt = performance.now()
  #sentAt: number | undefined
  open: OpenSession | undefined
  token: string | undefined
  renewal: CookieRenewal | undefined
  #request: ClientRequest | undefined
  #timer: NodeJS.Timeout | undefined
  #unwatch: (() => void) | undefined
  #over = false

  constructor(context: ProxyContext, route: ApiRoute, { req, socket, head }: Upgrade) {
    this.context = context
    this.route = route
    this.req = req
    this.id = requestId(req)
    this.#target = req.url as string
    this.#socket = socket
    this.#head = head
    socket.once('close', this.#onLeft)
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
    if (open) {
      this.#unwatch = context.reader.watch(open, this.#onSessionEnd)
      this.renewal = context.reader.renewal(this.req.headers.cookie, open)
    }
    this.route.middleware.upgrade(this.req, this.#socket as Socket, this.#head)
  }

  /** Sends the handshake up, as `req.url` has it by now. */
  proceed(): void {
    if (this.#over || hasLeft(this.req.socket)) return
    const { upstream, timeoutMs } = this.route
    this.#sentAt = performance.now()
    const send = upstream.protocol === 'https:' ? httpsRequest : httpRequest
    const headers = outgoingHeaders(this)
    try {
      this.#request = send({
        // A URL has IPv6 in brackets, a socket has not.
        host: upstream.hostname.replace(/^\[|\]$/g, ''),
        port: upstream.port,
        path: upstreamPath(this.route, this.req.url as string),
        headers: [...['host', upstream.host, 'connection', 'Upgrade', 'upgrade', 'websocket'], ...headers],
        // A socket of its own: it will not come back to any pool.
        agent: false,
      })
    } catch (error) {
      this.fail(new Problem('invalid-request', { cause: error }))
      return
    }
    // Until the whole head: interim answers and single bytes gain no time.
    this.#timer = setTimeout(onTimer, timeoutMs, this)
    this.#request
      .once('upgrade', this.#onUpgrade)
      .once('response', this.#onResponse)
      .on('error', (error) => this.fail(upstreamProblem(error)))
      .end()
  }

  readonly #onUpgrade = (answer: IncomingMessage, upstream: Socket, head: Buffer): void => {
    if (!understood(this.req, answer)) {
      upstream.destroy()
      this.fail(new Problem('upstream-invalid-response'))
      return
    }
    this.#conclude()
    const client = this.#socket as Socket
    client.off('close', this.#onLeft)
    const lines = ['HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: websocket']
    const list = this.#answerHeaders(answer)
    for (let index = 0; index < list.length; index += 2) lines.push(`${list[index]}: ${list[index + 1]}`)
    client.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
    this.#observe(101)
    openTunnel(this, { client, upstream, head, early: this.#head })
  }

  /** The upstream does not want a WebSocket here: its answer goes to the client as it is. */
  readonly #onResponse = (answer: IncomingMessage): void => {
    if (this.#over) return
    const status = answer.statusCode ?? 0
    // A 101 that names no protocol, or what is no status at all.
    if (status < 200) {
      this.fail(new Problem('upstream-invalid-response'))
      return
    }
    this.#conclude()
    this.#observe(status)
    passAnswerOn(answer, {
      req: this.req,
      socket: this.#socket,
      headers: this.#answerHeaders(answer),
      idleMs: this.route.idleMs,
    })
  }

  #answerHeaders(answer: IncomingMessage): string[] {
    return answerHeaders(answer.headers, answerRules(this, answer.statusCode as number))
  }

  readonly #onSessionEnd = (): void => this.fail(refused('session-required', this.context))

  readonly #onLeft = (): void => {
    this.#conclude()
    this.#request?.destroy()
  }

  /** Neither gate nor upstream has anything more to say. */
  #conclude(): void {
    this.#over = true
    clearTimeout(this.#timer)
    this.#unwatch?.()
    this.renewal?.release()
  }

  fail(error: unknown): void {
    if (this.#over) return
    this.#onLeft()
    const problem = failureOf(this, error)
    this.#observe(problem.status, problem)
    refuseUpgrade(this.req, this.#socket, problem)
  }

  #observe(status: number, problem?: Problem): void {
    const now = performance.now()
    const sentAt = this.#sentAt
    this.context.observe?.({
      route: this.route.path,
      method: 'GET',
      target: this.#target,
      status,
      code: problem?.code,
      cut: false,
      durationMs: now - this.#startedAt,
      ownMs: (sentAt ?? now) - this.#startedAt,
      upstreamMs: problem || sentAt === undefined ? undefined : now - sentAt,
      requestId: this.id,
      upgrade: this.req,
    })
  }
}

function onTimer(call: UpgradeCall): void {
  call.fail(new Problem('upstream-timeout'))
}
