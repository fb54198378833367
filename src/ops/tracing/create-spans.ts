import { AsyncLocalStorage } from 'node:async_hooks'
import type { IncomingMessage } from 'node:http'
import {
  type Attributes,
  type Context,
  createTraceState,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api'
import { sentProblem } from '../../http/problem.ts'
import { requestId } from '../../http/request-id.ts'
import { parseTraceParent } from '../../http/traceparent.ts'
import { redactText } from '../redaction.ts'
import type { TracingOptions } from './open-tracing.ts'
import type { Answer, Tracing } from './tracing.ts'

const longestPath = 500

/** A request that is being served, with the call to its upstream that is under way. */
interface Served {
  readonly span: Span
  readonly context: Context
  upstream: Span | undefined
  calls: number
}

type ServedRequest = IncomingMessage & { [served]?: Served | undefined }
const served = Symbol('served')

/** Spans in OpenTelemetry's semantic conventions for HTTP and databases. No query, no header, no body is ever in one. */
export function createSpans(
  tracer: Tracer,
  { publicOrigin, routeOf }: TracingOptions,
): Omit<Tracing, 'close'> {
  const { protocol, hostname } = new URL(publicOrigin)
  const ofServer = { 'url.scheme': protocol.slice(0, -1), 'server.address': hostname }
  const current = new AsyncLocalStorage<Served>()

  function begin(req: ServedRequest): Served {
    const method = req.method as string
    const attributes = {
      ...ofServer,
      'http.request.method': method,
      'url.path': pathOf(req.url as string),
      'coatcheck.request_id': requestId(req),
    }
    const span = tracer.startSpan(method, { kind: SpanKind.SERVER, attributes }, callerOf(req))
    const one = { span, context: trace.setSpan(ROOT_CONTEXT, span), upstream: undefined, calls: 0 }
    req[served] = one
    return one
  }

  function end(req: ServedRequest, { status, problem, route }: Answer): void {
    const one = req[served]
    if (!one) return
    req[served] = undefined
    const { span, upstream } = one
    // Where the answer is a problem of ours, the upstream has given none, or none that could be passed on.
    if (upstream) finish(upstream, problem === undefined ? { status } : { error: problem })
    if (route !== undefined) span.setAttribute('http.route', route).updateName(`${req.method} ${route}`)
    if (problem !== undefined) span.setAttribute('coatcheck.problem', problem)
    // A client's mistake is no error of the server's.
    if (status === undefined || status < 500) span.setAttributes(statusOf(status)).end()
    else finish(span, { status, error: problem })
  }

  /** A span of something that was done within the current request, told when it was over. */
  function past(name: string, startTime: number, attributes: Attributes): Span | undefined {
    const within = current.getStore()
    return within && tracer.startSpan(name, { kind: SpanKind.CLIENT, startTime, attributes }, within.context)
  }

  return {
    serve(req, res, handle) {
      const one = begin(req)
      res.once('close', () => {
        const status = res.headersSent ? res.statusCode : undefined
        if (!res.writableFinished) one.span.setAttribute('coatcheck.aborted', true)
        end(req, { status, problem: sentProblem(res), route: routeOf(req) })
      })
      current.run(one, handle)
    },

    upgrade(req, socket, handle) {
      const one = begin(req)
      socket.once('close', () => end(req, { status: undefined, problem: undefined, route: routeOf(req) }))
      current.run(one, handle)
    },

    answered: end,

    callUpstream(req: ServedRequest, { origin, hostname, port }, path, failure) {
      const one = req[served]
      if (!one) return undefined
      // A call is made again because its connection failed, or because its token was refused.
      if (one.upstream) finish(one.upstream, failure === undefined ? { status: 401 } : { error: failure })
      const method = req.method as string
      const attributes = {
        'http.request.method': method,
        'url.full': origin + pathOf(path),
        'server.address': hostname,
        ...(port !== '' && { 'server.port': Number(port) }),
        ...(one.calls > 0 && { 'http.request.resend_count': one.calls }),
      }
      one.upstream = tracer.startSpan(method, { kind: SpanKind.CLIENT, attributes }, one.context)
      one.calls += 1
      return headersOf(one.upstream)
    },

    did({ system, durationMs, ok }) {
      const span = past(system, Date.now() - durationMs, { 'db.system.name': system })
      if (span) finish(span, ok ? {} : { error: 'unavailable' })
    },

    async fetch(input, init) {
      const { host, hostname, origin, pathname } = new URL(input instanceof Request ? input.url : input)
      const method = init?.method ?? 'GET'
      const span = past(`${method} ${host}`, Date.now(), {
        'http.request.method': method,
        'url.full': origin + pathOf(pathname),
        'server.address': hostname,
      })
      try {
        const response = await fetch(input, init)
        if (span) finish(span, { status: response.status })
        return response
      } catch (error) {
        if (span) finish(span, { error: error instanceof Error ? error.name : 'error' })
        throw error
      }
    },
  }
}

/** The caller's place in its trace, if it named a well-formed one. */
function callerOf({ headers }: IncomingMessage): Context {
  const parent = parseTraceParent(headers['traceparent'])
  if (!parent) return ROOT_CONTEXT
  const { traceId, spanId, flags: traceFlags } = parent
  const state = headers['tracestate']?.toString()
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId,
    traceFlags,
    isRemote: true,
    ...(state && { traceState: createTraceState(state) }),
  })
}

function headersOf(span: Span): readonly string[] {
  const { traceId, spanId, traceFlags, traceState } = span.spanContext()
  const flags = traceFlags.toString(16).padStart(2, '0')
  const state = traceState?.serialize()
  return ['traceparent', `00-${traceId}-${spanId}-${flags}`, ...(state ? ['tracestate', state] : [])]
}

interface Outcome {
  readonly status?: number | undefined
  readonly error?: string | undefined
}

function finish(span: Span, { status, error }: Outcome): void {
  span.setAttributes(statusOf(status))
  if (error !== undefined || (status !== undefined && status >= 400))
    span.setAttribute('error.type', error ?? String(status)).setStatus({ code: SpanStatusCode.ERROR })
  span.end()
}

const statusOf = (status: number | undefined): Attributes =>
  status === undefined ? {} : { 'http.response.status_code': status }

/** Without its query, which may hold a code, and short enough. */
function pathOf(target: string): string {
  return redactText((target.split('?', 1)[0] as string).slice(0, longestPath))
}
