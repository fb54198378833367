import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Dispatcher } from 'undici'
import { Problem, type ProblemCode, sendProblem } from '../http/problem.ts'
import { requestId } from '../http/request-id.ts'
import type { OpenSession } from '../session/session.ts'
import { type Applicant, refused } from './admission.ts'
import { type AnswerHeaders, answerHeaders, isEventStream } from './answer-headers.ts'
import { breakOff } from './break-off.ts'
import { lacksProof, saysElsewhere } from './gate.ts'
import { outgoingHeaders } from './outgoing-headers.ts'
import type { ApiRoute, LongLived, ProxyContext } from './proxy-context.ts'
import { discardBody, hasBody, RequestBody } from './request-body.ts'
import { sendContinue } from './server-options.ts'
import { watchSession } from './session-watch.ts'
import { upstreamProblem } from './upstream-errors.ts'

const smallBodyBytes = 16_384

/** An answer that has begun may pause this long, in either direction. Event streams may pause for ever. */
const bodyIdleMs = 300_000

/**
 * One request on a route, from the gate to the last byte. It is its own handler for undici:
 * a call costs this one object, and no closure.
 */
export class ApiCall implements Applicant, Dispatcher.DispatchHandler, LongLived {
  readonly context: ProxyContext
  readonly route: ApiRoute
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly id: string
  readonly #startedAt = performance.now()
  open: OpenSession | undefined
  token: string | undefined
  #controller: Dispatcher.DispatchController | undefined
  #body: RequestBody | undefined
  #timer: NodeJS.Timeout | undefined
  #upstreamMs: number | undefined
  #unwatch: (() => void) | undefined
  /** The answer that a fresh token replaces: nothing it still says counts. */
  #superseded: Dispatcher.DispatchController | undefined
  #hasLength = false
  #progress = false
  #bodyTimed = false
  #settled = false
  /** Nothing more is wanted from the upstream: answered, failed, or nobody listens. */
  #over = false

  constructor(context: ProxyContext, route: ApiRoute, req: IncomingMessage, res: ServerResponse) {
    this.context = context
    this.route = route
    this.req = req
    this.res = res
    this.id = requestId(req)
  }

  saysElsewhere(): boolean {
    return saysElsewhere(this.route, this.req, this.context.publicOrigin)
  }

  lacksProof(): boolean {
    return lacksProof(this.route, this.req)
  }

  enter(): void {
    void this.route.middleware(this.req, this.res)
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
    this.res.once('close', this.#onClose)
    this.#timer = setTimeout(onTimer, this.route.timeoutMs, this)
    if (!hasBody(this.req)) this.#dispatch(null)
    else if (Number(this.req.headers['content-length']) <= smallBodyBytes) this.#collectBody()
    else {
      this.#body = new RequestBody(this.req, maxBodyBytes ?? Infinity, this.#onProgress)
      this.#dispatch(this.#body)
    }
  }

  /** A small body goes up when it is whole: cheaper than a stream, and a slow sender holds no upstream connection. */
  #collectBody(): void {
    const pieces: Buffer[] = []
    this.req.on('data', (piece: Buffer) => pieces.push(piece))
    this.req.once('end', () => {
      if (this.#over) return
      this.#timer?.refresh()
      this.#dispatch(pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces))
    })
  }

  #dispatch(body: Buffer | RequestBody | null): void {
    const { route, req } = this
    route.pool.dispatch(
      {
        path: route.basePath + req.url,
        method: req.method as Dispatcher.HttpMethod,
        headers: outgoingHeaders(this),
        body,
      },
      this,
    )
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#over) controller.abort(new Error('nobody waits for the answer'))
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: AnswerHeaders): void {
    // RFC 9110 §15.2: interim answers are for this hop.
    if (status < 200 || this.#over) return
    this.#upstreamMs = performance.now() - this.#startedAt
    if (status === 401 && this.#mayRenewToken()) {
      controller.pause()
      this.#renewToken(status, headers)
      return
    }
    this.#answer(status, headers)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#over) return
    this.#progress = true
    if (!this.res.write(chunk)) {
      controller.pause()
      this.res.once('drain', this.#onDrain)
    }
  }

  onResponseEnd(): void {
    if (this.#over) return
    this.#over = true
    this.res.end()
    if (!this.req.complete) discardBody(this.req)
  }

  onResponseError(controller: Dispatcher.DispatchController | undefined, error: Error): void {
    if (this.#over || (controller && controller === this.#superseded)) return
    if (this.req.socket.destroyed) this.#onClose()
    else this.fail(upstreamProblem(error))
  }

  #answer(status: number, headers: AnswerHeaders): void {
    const { res, route, context, open } = this
    const list = answerHeaders(headers, {
      setCookie: route.setCookie,
      sandbox: route.sandbox,
      ownCookieNames: context.ownCookieNames,
      requestId: this.id,
      personal: this.token !== undefined,
    })
    this.#hasLength = headers['content-length'] !== undefined
    try {
      res.writeHead(status, list)
    } catch (error) {
      // A status or header that HTTP does not allow: undici is more lenient than Node's server.
      this.fail(new Problem('upstream-invalid-response', { cause: error }))
      return
    }
    if (isEventStream(headers)) {
      clearTimeout(this.#timer)
      // A listener that vanished without a word is noticed in the end.
      res.socket?.setKeepAlive(true, 60_000)
      context.longLived.add(this)
      if (open) this.#unwatch = watchSession(context.reader, open, this.req, this.#cut)
    }
    // Usually the first bytes are in the same packet; if not, the head does not wait for them.
    queueMicrotask(this.#flushHead)
  }

  readonly #flushHead = (): void => {
    if (!this.#over && !this.#progress) this.res.flushHeaders()
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
        this.#answer(status, headers)
        controller?.resume()
        return
      }
      this.token = fresh
      this.#abandon()
      this.#timer?.refresh()
      this.#dispatch(null)
    } catch (error) {
      this.fail(error)
    }
  }

  /** Answers with a problem, or breaks the answer off if it has begun. Anything but a Problem is our own fault. */
  fail(error: unknown): void {
    if (this.#over) return
    this.#over = true
    const problem =
      error instanceof Problem ? error : new Problem('internal-error', error ? { cause: error } : {})
    const { log } = this.context
    if (problem.status >= 500) {
      const { code, cause } = problem
      const fields = { code, route: this.route.path, requestId: this.id, cause }
      if (code === 'internal-error') log.error('proxy.failed', fields)
      else log.warn('proxy.failed', fields)
    }
    this.#abandon()
    const { req, res } = this
    if (res.headersSent) {
      breakOff(res, this.#hasLength)
      this.#settle('left', problem.code)
      return
    }
    this.#settle('answered', problem.code, problem.status)
    if (res.destroyed) return
    res.setHeader('X-Request-Id', this.id)
    sendProblem(res, problem, this.id)
    discardBody(req, { thenClose: problem.code === 'payload-too-large' && this.#body !== undefined })
  }

  /** The session behind an event stream has ended. */
  readonly #cut = (): void => {
    if (this.#over) return
    this.#over = true
    this.#abandon()
    breakOff(this.res, this.#hasLength)
  }

  goAway(): void {
    this.#cut()
  }

  readonly #onProgress = (): void => {
    this.#timer?.refresh()
  }

  readonly #onDrain = (): void => {
    this.#progress = true
    this.#controller?.resume()
  }

  readonly #onClose = (): void => {
    const cut = !this.res.writableFinished
    if (!this.#over) {
      this.#over = true
      this.#abandon()
    }
    this.#settle(cut ? 'left' : 'answered')
  }

  /** No answer within the route's timeout, or one that has begun and stands still. */
  checkTime(): void {
    const { req, res } = this
    if (!res.headersSent) {
      if (this.#over) return
      // A sender that stalls is no fault of the upstream: nothing to answer, RFC 9110 §15.5.9.
      if (hasBody(req) && !req.complete && !req.isPaused()) res.destroy()
      else this.fail(new Problem('upstream-timeout'))
    } else if (this.#bodyTimed && !this.#progress) {
      // The upstream has said everything, and the client does not read it.
      if (this.#over) res.destroy()
      else this.fail(new Problem('upstream-timeout'))
    } else {
      this.#bodyTimed = true
      this.#progress = false
      this.#timer = setTimeout(onTimer, bodyIdleMs, this)
    }
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
    clearTimeout(this.#timer)
    this.#unwatch?.()
    this.context.longLived.delete(this)
    const { observe } = this.context
    observe?.({
      route: this.route.path,
      method: this.req.method ?? '',
      status: end === 'left' && !this.res.headersSent ? 0 : status,
      code,
      cut: end === 'left',
      durationMs: performance.now() - this.#startedAt,
      upstreamMs: this.#upstreamMs,
      requestId: this.id,
    })
  }
}

function onTimer(call: ApiCall): void {
  call.checkTime()
}
