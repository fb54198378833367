import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../clock.ts'
import { requestId } from '../http/request-id.ts'
import type { OwnedLog } from './create-log.ts'

export interface RequestLogOptions {
  readonly log: Pick<OwnedLog, 'info' | 'debug' | 'enabled'>
  readonly clock: Clock
  /** The API route a request went to, once that is known. */
  readonly route?: (req: IncomingMessage) => string | undefined
}

export type RequestLogger = (req: IncomingMessage, res: ServerResponse, next: () => void) => void

const longestPath = 500
const probes = new Set(['/healthz', '/readyz'])

/**
 * Middleware: one line per request at `info`, when it has ended. Never a header and never a query, which may hold a code.
 * Probes are a line at `debug`: they come every few seconds for ever.
 */
export function logRequests({ log, clock, route }: RequestLogOptions): RequestLogger {
  if (!log.enabled('info')) return (_req, _res, next) => next()

  return function logRequests(req, res, next) {
    const startedAt = clock()
    const { method, url = '' } = req
    res.once('close', () => {
      const path = (url.split('?', 1)[0] as string).slice(0, longestPath)
      const line = {
        method,
        path,
        status: res.statusCode,
        durationMs: clock() - startedAt,
        requestId: requestId(req),
        route: route?.(req),
        // The client left, or we cut it off, before the answer was complete.
        aborted: res.writableFinished ? undefined : true,
      }
      if (probes.has(path)) log.debug('request', line)
      else log.info('request', line)
    })
    next()
  }
}
