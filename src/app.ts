import type { IncomingMessage, ServerResponse } from 'node:http'
import express, {
  type ErrorRequestHandler,
  type Express,
  type NextFunction,
  type Request,
  type RequestHandler,
  type Response,
  type Router,
} from 'express'
import { comesFromElsewhere, isSafeMethod } from './http/fetch-metadata.ts'
import type { BodyGuard } from './http/outside-body.ts'
import { Problem, sendProblem } from './http/problem.ts'
import { misdirected, type PublicHost } from './http/public-host.ts'
import { redirect } from './http/redirect.ts'
import { requestId } from './http/request-id.ts'
import type { LogEvent } from './ops/log.ts'

/** A step that needs nothing of Express. */
type Middleware = (req: IncomingMessage, res: ServerResponse, next: () => void) => void

/** What the table of contents mounts. Rooms come as finished handlers. */
export interface AppParts {
  readonly publicOrigin: string
  readonly publicHost: PublicHost
  /** Bounds the bodies of requests that are on no route. */
  readonly guardBody: BodyGuard
  /** Told when a request begins that is not the proxy's, which reports its own. */
  readonly logRequests: (req: IncomingMessage, res: ServerResponse) => void
  readonly healthz: RequestHandler
  readonly readyz: RequestHandler
  readonly proxy: Middleware
  readonly securityHeaders: RequestHandler
  readonly limitRate: RequestHandler
  readonly providerCalls: Router
  readonly login: Router
  readonly signup: Router
  /** Puts the caller's session on the request. */
  readonly loadSession: RequestHandler
  readonly wellKnown: RequestHandler
  readonly spa: RequestHandler
  /** A page's file that was asked for a moment ago: answered without the steps that would say the same again. */
  readonly recentPage: (req: IncomingMessage, res: ServerResponse) => boolean
  /** An error of some room's own, as the public interface calls it; undefined: nobody expected it. */
  readonly toProblem: (error: unknown) => Problem | undefined
  readonly logError: LogEvent
}

/** The server, in the order of its lines. */
export function createApp(parts: AppParts): Express {
  const app = express()
  app.disable('x-powered-by').disable('etag').set('query parser', 'simple')
  app.set('case sensitive routing', true).set('strict routing', true)

  // The hot path goes before Express's router, which costs a call more than the gate does.
  const entry = app as Express & { handle: Handle }
  entry.handle = before(entry.handle.bind(app), parts)

  // Every answer can be found in the log by its id; the proxy's answers have theirs.
  app.use(nameRequest)
  app.get('/healthz', parts.healthz)
  app.get('/readyz', parts.readyz)
  app.use(parts.securityHeaders)
  // Providers' servers prove themselves by signature or key, so the gate does not judge them; what strangers send there costs work.
  app.use(['/auth/backchannel-logout', '/auth/webhooks'], keepPrivate, parts.limitRate)
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

type Handle = (req: Request, res: Response, next: NextFunction) => void

/** What every request passes: the public host, the API routes, the files of the last second. The rest is Express's. */
function before(handle: Handle, { logRequests, publicHost, guardBody, proxy, recentPage }: AppParts): Handle {
  return (req, res, next) => {
    // People who arrive under another name are sent to the one that cookies live on; nothing else is served there.
    const elsewhere = publicHost.elsewhere(req)
    if (elsewhere === undefined) {
      proxy(req, res, () => {
        logRequests(req, res)
        if (!recentPage(req, res)) guardBody(req, res, () => handle(req, res, next))
      })
      return
    }
    logRequests(req, res)
    guardBody(req, res, () => {
      const id = requestId(req)
      res.setHeader('X-Request-Id', id)
      if (elsewhere === misdirected) sendProblem(res, new Problem('misdirected-request'), id)
      else redirect(res, 308, elsewhere)
    })
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
    // A body that was too much or too slow has been answered while its reader still waited for it.
    if (res.writableEnded) return
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
