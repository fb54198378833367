import express, { type ErrorRequestHandler, type Express, type RequestHandler, type Router } from 'express'
import { comesFromElsewhere, isSafeMethod } from './http/fetch-metadata.ts'
import { Problem, sendProblem } from './http/problem.ts'
import { publicUrl } from './http/public-host.ts'
import { redirect } from './http/redirect.ts'
import { requestId } from './http/request-id.ts'
import type { LogEvent } from './ops/log.ts'

/** What the table of contents mounts. Rooms come as finished handlers. */
export interface AppParts {
  readonly publicOrigin: string
  readonly publicHost: string
  readonly logRequests: RequestHandler
  readonly healthz: RequestHandler
  readonly readyz: RequestHandler
  readonly proxy: RequestHandler
  readonly securityHeaders: RequestHandler
  readonly limitRate: RequestHandler
  readonly providerCalls: Router
  readonly login: Router
  readonly signup: Router
  /** Puts the caller's session on the request. */
  readonly loadSession: RequestHandler
  readonly wellKnown: RequestHandler
  readonly spa: RequestHandler
  /** An error of some room's own, as the public interface calls it; undefined: nobody expected it. */
  readonly toProblem: (error: unknown) => Problem | undefined
  readonly logError: LogEvent
}

/** The server, in the order of its lines. */
export function createApp(parts: AppParts): Express {
  const app = express()
  app.disable('x-powered-by').disable('etag').set('query parser', 'simple')
  app.set('case sensitive routing', true).set('strict routing', true)

  // Every answer can be found in the log by its id.
  app.use(nameRequest, parts.logRequests)
  // Probes come under any Host and say nothing of themselves.
  app.get('/healthz', parts.healthz)
  app.get('/readyz', parts.readyz)
  // People who arrive under another name are sent to the one that cookies live on.
  app.use(sendToPublicHost(parts.publicOrigin, parts.publicHost))
  // The hot path: before everything that only pages and logins need.
  app.use(parts.proxy)
  app.use(parts.securityHeaders)
  // Providers' servers prove themselves by signature or key, so the gate does not judge them.
  app.use('/auth', keepPrivate, parts.providerCalls)
  app.use('/auth', refuseElsewhere(parts.publicOrigin))
  app.use(['/auth/login', '/auth/callback', '/auth/link', '/auth/signup'], parts.limitRate)
  app.use(['/auth/signup', '/auth/user'], parts.loadSession)
  app.use('/auth', parts.login, parts.signup, nothingHere)
  app.use('/.well-known', parts.wellKnown, nothingHere)
  app.use(parts.spa)
  app.use(nothingHere)
  app.use(answerErrors(parts))
  return app
}

const nameRequest: RequestHandler = (req, res, next) => {
  res.setHeader('X-Request-Id', requestId(req))
  // An absolute-form or asterisk-form target is nothing that a browser sends to an origin server (RFC 9112 §3.2).
  next(req.originalUrl.startsWith('/') ? undefined : new Problem('invalid-request'))
}

/** Answers about a person stay in no cache (ASVS V14.3.2), and a callback's code in no Referer. */
const keepPrivate: RequestHandler = (_req, res, next) => {
  res.setHeader('Cache-Control', 'no-store')
  res.setHeader('Referrer-Policy', 'no-referrer')
  next()
}

const nothingHere: RequestHandler = () => {
  throw new Problem('not-found')
}

function sendToPublicHost(publicOrigin: string, publicHost: string): RequestHandler {
  return (req, res, next) => {
    const location = publicUrl(req, publicOrigin, publicHost)
    if (location === undefined) next()
    else redirect(res, 308, location)
  }
}

/** The gate's first question, for every unsafe `/auth` request and for links; what follows depends on the caller's state. */
function refuseElsewhere(publicOrigin: string): RequestHandler {
  return ({ method, headers, path }, _res, next) => {
    const link = path.startsWith('/link/')
    if (isSafeMethod(method) && !link) return next()
    const elsewhere = comesFromElsewhere({ method, headers, sameOriginOnly: link }, publicOrigin)
    next(elsewhere ? new Problem('cross-site-request') : undefined)
  }
}

/** The one error handler: what the public interface names, and for the rest a 500 that says nothing. */
function answerErrors({ toProblem, logError }: AppParts): ErrorRequestHandler {
  return (error, req, res, next) => {
    const problem = error instanceof Problem ? error : (toProblem(error) ?? fromExpress(error))
    const id = requestId(req)
    if (problem.status >= 500) {
      logError('request.failed', { code: problem.code, requestId: id, cause: problem.cause })
    }
    // Half an answer is out: Express's own handler breaks the connection, so that it cannot look whole.
    if (res.headersSent) next(error)
    else sendProblem(res, problem, id)
  }
}

/** Errors of Express and its body parsers carry a status (http-errors). */
function fromExpress(error: unknown): Problem {
  const { status } = (error ?? {}) as { readonly status?: unknown }
  if (status === 413) return new Problem('payload-too-large', { cause: error })
  if (typeof status === 'number' && status >= 400 && status < 500)
    return new Problem('invalid-request', { cause: error })
  return new Problem('internal-error', { cause: error })
}
