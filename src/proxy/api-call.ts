import type { IncomingMessage, ServerResponse } from 'node:http'
import { performance } from 'node:perf_hooks'
import type { Dispatcher } from 'undici'
import type { Awaited } from '../http/body-pace.ts'
import { Problem, type ProblemCode, sendProblem } from '../http/problem.ts'
import { requestId } from '../http/request-id.ts'
import { closeAfter, hasBody, isComing, readAway } from '../http/unread-body.ts'
import type { OpenSession } from '../session/session.ts'
import type { CookieRenewal } from '../session/sessions.ts'
import { type Applicant, refused } from './admission.ts'
import { type AnswerHeaders, answerHeaders, isCoded, isEventStream } from './answer-headers.ts'
import { AnswerWriter } from './answer-writer.ts'
import { bodyPassed } from './body-buffers.ts'
import { CallTimer, type Timed } from './call-timer.ts'
import { failureOf } from './failure.ts'
import { lacksProof, saysElsewhere } from './gate.ts'
import { answerRules, outgoingHeaders } from './outgoing-headers.ts'
import { hasLeft } from './peer.ts'
import type { ApiRoute, LongLived, ProxyContext } from './proxy-context.ts'
import { collectBody, isSmall, RequestBody } from './request-body.ts'
import { upstreamPath } from './route-table.ts'
import { sendContinue } from './server-options.ts'
import { watchSession } from './session-watch.ts'
import { travellerOf } from './traveller.ts'
import { closedUnanswered, upstreamProblem } from './upstream-errors.ts'

/**
 * One request on a route, from the gate to the last byte. It is its own handler for undici:
 * a call costs this one object, and no closure.
 */
export class ApiCall implements Applicant, Dispatcher.DispatchHandler, LongLived, Timed, Awaited {
  readonly context: ProxyContext
  readonly route: ApiRoute
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly id: string
  /** As the client asked for it; `req.url` changes on the way. */
  readonly #target: string
  readonly #startedAt = performance.now()
  readonly #answer: AnswerWriter
  readonly #timer: CallTimer
  open: OpenSession | undefined
  token: string | undefined
  renewal: CookieRenewal | undefined
  #controller: Dispatcher.DispatchController | undefined
  #body: RequestBody | undefined
  #ownMs: number | undefined
  #sentAt = 0
  #upstreamMs: number | undefined
  #unwatch: (() => void) | undefined
  /** The answer that a fresh token replaces: nothing it still says counts. */
  #superseded: Dispatcher.DispatchController | undefined
  #settled = false
  /** Nothing more is wanted from the upstream: answered, failed, or nobody listens. */
  #over = false
  /** What went up, if it is in memory and could go up again; null: no body. */
  #sentBody: Buffer | RequestBody | null = null
  #triedAgain = false
  lastFailure: ProblemCode | undefined

  constructor(context: ProxyContext, route: ApiRoute, req: IncomingMessage, res: ServerResponse) {
    this.context = context
    this.route = route
    this.req = req
    this.res = res
    this.id = requestId(req)
    this.#target = req.url as string
    this.#answer = new AnswerWriter(res)
    this.#timer = new CallTimer(this, route)
  }

  saysElsewhere(): boolean {
    return saysElsewhere(this.route, this.req, this.context.publicOrigin)
  }

  lacksProof(): boolean {
    return lacksProof(this.route, this.req)
  }

  enter(): void {
    const { open } = this
    if (open) this.renewal = this.context.reader.renewal(this.req.headers.cookie, open)
    // Rewriting is http-proxy-middleware's; without it its steps would come to nothing, and cost more than the gate.
    if (this.route.stripPrefix)
      void this.route.middleware(this.req, this.res, (error) =>
        this.fail(error ?? new Error('the route’s middleware passed it on')),
      )
    else this.proceed()
  }

  /** Sends the request up, as `req.url` has it by now. */
  proceed(): void {
    // While session or token were awaited the client may have left.
    if (this.res.destroyed || this.#over) {
      this.#settle('left')
      return
    }
    const { maxBodyBytes } = this.route
    if (Number(this.req.headers['content-length'] ?? 0) > (maxBodyBytes ?? Infinity)) {
      this.fail(new Problem('payload-too-large'))
      return
    }
    sendContinue(this.req, this.res)
    const now = performance.now()
    this.#ownMs = now - this.#startedAt
    this.res.on('close', onClose)
    this.#timer.start()
    if (!hasBody(this.req)) {
      this.#dispatch(null, now)
      return
    }
    const onProgress = () => this.#timer.restart()
    this.context.bodyPace.watch(this)
    if (isSmall(this.req)) {
      // It goes up when it is whole: cheaper than a stream, and a slow sender holds no upstream connection.
      collectBody(this.req, onProgress, (body) => {
        this.context.bodyPace.forget(this)
        if (this.#over) return
        this.#timer.restart()
        this.#dispatch(body)
      })
    } else {
      // Not before it begins: undici takes a connection now and writes to it with the first bytes, when it may be closed.
      this.req.once('readable', () => {
        if (this.#over) return
        this.#body = new RequestBody(this.req, maxBodyBytes ?? Infinity, onProgress)
        this.#dispatch(this.#body)
      })
    }
  }

  #dispatch(body: Buffer | RequestBody | null, now = performance.now()): void {
    const { route, req } = this
    if (hasLeft(req.socket)) {
      this.closed()
      return
    }
    this.#sentAt = now
    this.#sentBody = body
    this.#send(route.pool)
  }

  #send(dispatcher: Dispatcher): void {
    const { route, req } = this
    try {
      dispatcher.dispatch(
        {
          path: upstreamPath(route, req.url as string),
          method: req.method as Dispatcher.HttpMethod,
          headers: outgoingHeaders(this),
          body: this.#sentBody,
        },
        this,
      )
    } catch (error) {
      // Bodies and second tries come here from events: nothing else would catch it.
      this.fail(error)
    }
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#over) controller.abort(new Error('nobody waits for the answer'))
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: AnswerHeaders): void {
    // RFC 9110 §15.2: interim answers are for this hop.
    if (status < 200 || this.#over) return
    if (isCoded(headers)) {
      this.fail(new Problem('upstream-invalid-response'))
      return
    }
    this.#upstreamMs = performance.now() - this.#sentAt
    if (status === 401 && this.#mayRenewToken()) {
      controller.pause()
      this.#renewToken(status, headers)
      return
    }
    this.#begin(status, headers)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#over) return
    this.#timer.moved()
    bodyPassed(chunk.length)
    if (!this.#answer.write(chunk)) {
      controller.pause()
      this.res.once('drain', () => {
        this.#timer.moved()
        controller.resume()
      })
    }
  }

  onResponseEnd(): void {
    if (this.#over) return
    this.#over = true
    if (isComing(this.req)) {
      this.#body?.destroy()
      readAway(this.req)
    }
    this.#answer.end()
  }

  onResponseError(controller: Dispatcher.DispatchController | undefined, error: Error): void {
    if (this.#over || (controller && controller === this.#superseded)) return
    if (this.req.socket.destroyed) this.closed()
    else if (this.#mayTryAgain(error)) {
      this.#triedAgain = true
      this.lastFailure = upstreamProblem(error).code
      this.#controller = undefined
      // The pool's other idle connections may be as dead as this one was.
      const once = this.route.openConnection()
      this.#send(once)
      void once.close()
    } else this.fail(upstreamProblem(error))
  }

  /**
   * RFC 9110 §9.2.2: what is idempotent may be sent again when the connection closed before an answer came. Upstreams close
   * idle connections just when the next request is on its way, and all of them when they restart.
   */
  #mayTryAgain(error: Error): boolean {
    if (this.#triedAgain || this.#upstreamMs !== undefined || !closedUnanswered(error)) return false
    const { method } = this.req
    if (method === 'POST' || method === 'PATCH') return false
    if (this.#sentBody === null) return true
    return Buffer.isBuffer(this.#sentBody) && (method === 'PUT' || method === 'DELETE')
  }

  #begin(status: number, headers: AnswerHeaders): void {
    const { res, context, open } = this
    const list = answerHeaders(headers, answerRules(this, status))
    // It answers before it has read everything: that may be a refusal.
    if (isComing(this.req)) closeAfter(this.req, res)
    try {
      this.#answer.begin(status, list)
    } catch (error) {
      // A status or header that HTTP does not allow: undici is more lenient than Node's server.
      this.fail(new Problem('upstream-invalid-response', { cause: error }))
      return
    }
    if (isEventStream(headers)) {
      this.#timer.stop()
      // A listener that vanished without a word is noticed in the end.
      res.socket?.setKeepAlive(true, 60_000)
      context.longLived.add(this)
      if (open) this.#unwatch = watchSession(context.reader, open, this.req, () => this.goAway())
    }
  }

  /** One fresh token and one more try, if nothing was sent that cannot be sent again. */
  #mayRenewToken(): boolean {
    const kind = this.route.tokenRequest?.kind
    return !this.#superseded && this.token !== undefined && kind !== 'service' && !hasBody(this.req)
  }

  async #renewToken(status: number, headers: AnswerHeaders): Promise<void> {
    const { context, route, open, token } = this
    this.#superseded = this.#controller
    try {
      const fresh =
        open && route.tokenRequest && (await context.tokens.tokenFor(open, route.tokenRequest, token))
      if (this.#over) return
      if (fresh === undefined) throw refused('session-required', context)
      if (fresh === token) {
        const controller = this.#controller
        this.#begin(status, headers)
        controller?.resume()
        return
      }
      this.token = fresh
      this.lastFailure = undefined
      this.#abandon()
      this.#timer.restart()
      this.#dispatch(null)
    } catch (error) {
      this.fail(error)
    }
  }

  /** Answers with a problem, or breaks the answer off if it has begun. */
  fail(error: unknown): void {
    if (this.#over) return
    this.#over = true
    const problem = failureOf(this, error)
    this.#abandon()
    const { req, res } = this
    if (res.headersSent) {
      this.#answer.breakOff()
      this.#settle('left', problem.code)
      return
    }
    this.#settle('answered', problem.code, problem.status)
    // By then whatever came in the head's packet has been read, and a short body is no reason to close.
    if (isComing(req)) setImmediate(refuse, this, problem)
    else this.refuse(problem)
  }

  refuse(problem: Problem): void {
    const { req, res } = this
    if (res.destroyed) return
    if (isComing(req)) {
      closeAfter(req, res)
      if (problem.code !== 'request-timeout') readAway(req)
    }
    res.setHeader('X-Request-Id', this.id)
    const renewed = this.renewal?.line()
    if (renewed !== undefined) res.setHeader('Set-Cookie', renewed)
    sendProblem(res, problem, this.id)
  }

  /** Cuts an event stream: its session has ended, or the server does. */
  goAway(): void {
    if (this.#over) return
    this.#over = true
    this.#abandon()
    this.#answer.breakOff()
  }

  /** The response is done with, or its client has left. */
  closed(): void {
    const cut = !this.res.writableFinished
    if (!this.#over) {
      this.#over = true
      this.#abandon()
    }
    this.#settle(cut ? 'left' : 'answered')
  }

  get answering(): boolean {
    return this.res.headersSent
  }

  get patienceMs(): number {
    return this.#awaitsBody() ? this.route.idleMs : this.route.timeoutMs
  }

  /** The sender is to blame, and not an upstream that does not read. */
  #awaitsBody(): boolean {
    return isComing(this.req) && !this.req.isPaused()
  }

  outOfTime(): void {
    // The upstream has said everything, and the client does not read it.
    if (this.#over) this.res.destroy()
    else if (!this.answering && this.#awaitsBody()) this.tooSlow()
    else this.fail(new Problem('upstream-timeout'))
  }

  /** RFC 9110 §15.5.9. */
  tooSlow(): void {
    this.fail(new Problem('request-timeout'))
  }

  #abandon(): void {
    const controller = this.#controller
    this.#controller = undefined
    controller?.abort(new Error('abandoned'))
    this.#body?.destroy()
  }

  #settle(end: 'answered' | 'left', code?: ProblemCode, status = this.res.statusCode): void {
    if (this.#settled) return
    this.#settled = true
    this.#timer.stop()
    this.#unwatch?.()
    this.renewal?.release()
    this.context.longLived.delete(this)
    this.context.bodyPace.forget(this)
    const durationMs = performance.now() - this.#startedAt
    this.context.observe?.({
      route: this.route.path,
      method: this.req.method as string,
      target: this.#target,
      status: end === 'left' && !this.res.headersSent ? 0 : status,
      code,
      cut: end === 'left',
      durationMs,
      ownMs: this.#ownMs ?? durationMs,
      upstreamMs: this.#upstreamMs,
      requestId: this.id,
    })
  }
}

function refuse(call: ApiCall, problem: Problem): void {
  call.refuse(problem)
}

function onClose(this: ServerResponse): void {
  ;(travellerOf(this.req) as ApiCall).closed()
}
