import type { IncomingMessage } from 'node:http'
import { createProxyMiddleware, type Plugin, type RequestHandler } from 'http-proxy-middleware'
import type { RouteConfig } from '../config/config.ts'
import type { Applicant } from './admission.ts'
import { withoutPrefix } from './route-table.ts'

/** Somebody whom the gate may let in, and who then knows how to reach the upstream. */
export interface Traveller extends Applicant {
  /** Sends the request up, as `req.url` has it by now. */
  proceed(): void
}

const traveller = Symbol('traveller')

type Travelling = IncomingMessage & { [traveller]?: Traveller }

/** Ties a request to its call; http-proxy-middleware hands on the request only. */
export function accompany(req: IncomingMessage, call: Traveller): void {
  ;(req as Travelling)[traveller] = call
}

/**
 * A route's http-proxy-middleware: it filters, rewrites and hands over; the bytes go through our own transport.
 * Its own opens a connection per call, passes an answer's headers on unread, and lets a refused upgrade or an
 * unreachable upstream look like a closed connection.
 */
export function createRouteMiddleware(route: RouteConfig): RequestHandler {
  return createProxyMiddleware({
    target: route.target,
    // The route table has judged the path; nobody gets here past the gate.
    pathFilter: (_path, req: Travelling) => req[traveller]?.route.path === route.path,
    ...(route.stripPrefix && { pathRewrite: (target: string) => withoutPrefix(target, route.path) }),
    // Its default plugins answer errors in text with the upstream's address; ours are problems.
    ejectPlugins: true,
    plugins: [ourTransport],
    // Without a listener an error of an upgrade would be an unhandled rejection.
    on: { error: (error, req: Travelling) => req[traveller]?.fail(error) },
  })
}

const ourTransport: Plugin = (proxyServer) => {
  proxyServer.web = proceed
  proxyServer.ws = proceed
}

const done = Promise.resolve()

/** What goes wrong from here on is the call's to answer. */
function proceed(req: Travelling): Promise<void> {
  req[traveller]?.proceed()
  return done
}
