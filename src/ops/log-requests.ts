import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../clock.ts'
import { sentProblem } from '../http/problem.ts'
import { requestId } from '../http/request-id.ts'
import type { OwnedLog } from './create-log.ts'
import { redactText } from './redaction.ts'

/** A request when it is over. */
export interface EndedRequest {
  readonly method: string | undefined
  /** As the client asked for it; its query, which may hold a code, is not logged. */
  readonly target: string
  /** 0: the client left before there was an answer. */
  readonly status: number
  /** Why it was refused (ASVS V16.3.2): a 403 of ours is told from the API's. */
  readonly code: string | undefined
  readonly durationMs: number
  /** Of that, until the head of the API's answer. */
  readonly upstreamMs?: number | undefined
  readonly requestId: string
  /** The API route it went to. */
  readonly route?: string
  /** The client left, or we cut it off, before the answer was complete. */
  readonly cut: boolean
}

export type RequestLog = (request: EndedRequest) => void

const longestPath = 500
const probes = new Set(['/healthz', '/readyz'])

/**
 * One line per request at `info`; undefined where nobody would read it. Never a header, a query or a body.
 * Probes are a line at `debug`: they come every few seconds for ever.
 */
export function createRequestLog(log: Pick<OwnedLog, 'line' | 'enabled'>): RequestLog | undefined {
  if (!log.enabled('info')) return undefined
  return ({ method, target, status, code, durationMs, upstreamMs, requestId, route, cut }) => {
    const query = target.indexOf('?')
    const path = target.slice(0, Math.min(query < 0 ? target.length : query, longestPath))
    const line = {
      method,
      path: redactText(path),
      status,
      code,
      durationMs: inTenths(durationMs),
      upstreamMs: upstreamMs === undefined ? undefined : inTenths(upstreamMs),
      requestId: redactText(requestId),
      route,
      aborted: cut ? true : undefined,
    }
    log.line(probes.has(path) ? 'debug' : 'info', 'request', line)
  }
}

function inTenths(ms: number): number {
  return Math.round(ms * 10) / 10
}

/** For requests that are not the proxy's, which tells of its calls itself: call it when one begins. */
export function logRequests(
  write: RequestLog | undefined,
  clock: Clock,
): (req: IncomingMessage, res: ServerResponse) => void {
  if (!write) return () => {}

  return (req, res) => {
    const startedAt = clock()
    const { method, url = '' } = req
    res.once('close', () =>
      write({
        method,
        target: url,
        status: res.statusCode,
        code: sentProblem(res),
        durationMs: clock() - startedAt,
        requestId: requestId(req),
        cut: !res.writableFinished,
      }),
    )
  }
}
