import type { IncomingMessage } from 'node:http'
import { createProxyMiddleware, type Plugin, type RequestHandler } from 'http-proxy-middleware'
import type { RouteConfig } from '../config/config.ts'
import { withoutPrefix } from './route-table.ts'
import { travellerOf } from './traveller.ts'

/**
 * A route's http-proxy-middleware: it filters, rewrites and hands over; the bytes go through our own transport.
 * Its own opens a connection per call, passes an answer's headers on unread, and lets a refused upgrade or an
 * unreachable upstream look like a closed connection.
 */
export function createRouteMiddleware(route: RouteConfig, upstream: URL): RequestHandler {
  return createProxyMiddleware({
    // Parsed once: a text would be parsed for every call.
    target: upstream,
    // The route table has judged the path; nobody gets here past the gate.
    pathFilter: (_path, req) => travellerOf(req)?.route.path === route.path,
    ...(route.stripPrefix && { pathRewrite: (target: string) => withoutPrefix(target, route.path) }),
    // Its default plugins answer errors in text with the upstream's address; ours are problems.
    ejectPlugins: true,
    plugins: [ourTransport],
  })
}

const ourTransport: Plugin = (proxyServer) => {
  proxyServer.web = proceed
  proxyServer.ws = proceed
  // What is thrown from here on, or in a rewrite before. Without a listener it would be an unhandled rejection; the plugin
  // that registers the options' own listeners is among the ejected ones.
  proxyServer.on('error', (error, req) => req && travellerOf(req)?.fail(error))
}

const done = Promise.resolve()

function proceed(req: IncomingMessage): Promise<void> {
  travellerOf(req)?.proceed()
  return done
}
