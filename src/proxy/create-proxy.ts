import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { RouteConfig } from '../config/config.ts'
import { Problem, sendProblem } from '../http/problem.ts'
import { requestId } from '../http/request-id.ts'
import { createTrustedPeers } from '../http/trusted-peers.ts'
import { judge } from './admission.ts'
import { ApiCall } from './api-call.ts'
import { isMalformed } from './gate.ts'
import type { ApiRoute, LongLived, ProxyContext, ProxySample } from './proxy-context.ts'
import { discardBody } from './request-body.ts'
import { createRouteTable } from './route-table.ts'
import { sendContinue } from './server-options.ts'
import { accompany, createRouteMiddleware } from './transport.ts'
import { refuseUpgrade } from './upgrade-answer.ts'
import { UpgradeCall } from './upgrade-call.ts'
import { createUpstreams, type Upstreams } from './upstreams.ts'
import { asksForWebSocket, isHandshake } from './websocket-handshake.ts'

export interface ProxyOptions
  extends Pick<
    ProxyContext,
    'publicOrigin' | 'publicHost' | 'ownCookieNames' | 'loginPath' | 'reader' | 'tokens' | 'clock' | 'log'
  > {
  readonly routes: readonly RouteConfig[]
  /** PUBLIC_URL is https. */
  readonly secure: boolean
  /** Addresses or CIDRs whose X-Forwarded-For is believed. */
  readonly trustProxy: readonly string[]
  /** Told of every request on a route when it is over: metrics, the request line. */
  readonly observe?: ((sample: ProxySample) => void) | undefined
}

/** The API routes (CONTRACT §5): who may pass, what goes up and what comes back. */
export interface ApiProxy {
  /** Takes requests on a route, calls `next` for all others. Middleware, or the server's own listener. */
  handle(req: IncomingMessage, res: ServerResponse, next: () => void): void
  /** Takes upgrades on a route; false: no route takes it, and nothing was written. */
  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): boolean
  /** Whether a decoded path is of an API route: no place for `returnTo`. */
  claims(path: string): boolean
  /** Ends sockets and event streams, which would not end by themselves; other calls go on. For a shutdown. */
  endStreams(): void
  /** Ends what would last for ever, WebSockets and event streams; other calls under way are finished. */
  endStreams(): void
  /** Ends the streams, lets other calls finish, closes the connections to the upstreams. */
  close(): Promise<void>
}

export function createProxy(options: ProxyOptions): ApiProxy {
  const longLived = new Set<LongLived>()
  const upstreams = createUpstreams()
  const distrusted = new WeakSet<Socket>()
  const table = createRouteTable(options.routes.map((route) => openRoute(route, upstreams)))
  const context: ProxyContext = {
    ...options,
    observe: options.observe,
    forwardedProto: options.secure ? 'https' : 'http',
    peers: createTrustedPeers(options.trustProxy),
    longLived,
    refusals: new Map(),
  }

  function endStreams() {
    for (const one of longLived) one.goAway()
  }

  return {
    endStreams,

    handle(req, res, next) {
      // What was sent behind a malformed request may be a part of it; the connection is being closed.
      if (distrusted.has(req.socket)) return
      const route = table.find(req.url as string)
      if (route === undefined) {
        sendContinue(req, res)
        next()
      } else if (route === 'malformed' || isMalformed(req)) {
        distrusted.add(req.socket)
        refuse(req, res)
      } else {
        const call = new ApiCall(context, route, req, res)
        accompany(req, call)
        judge(call)
      }
    },

    upgrade(req, socket, head) {
      const route = table.find(req.url as string)
      if (route === undefined || !asksForWebSocket(req)) return false
      if (distrusted.has(req.socket)) return true
      if (route === 'malformed' || isMalformed(req)) {
        refuseUpgrade(req, socket, new Problem('invalid-request'))
        return true
      }
      const call = new UpgradeCall(context, route, { req, socket, head })
      accompany(req, call)
      if (!route.websocket) call.fail(new Problem('not-found'))
      else if (!isHandshake(req)) call.fail(badHandshake())
      else judge(call)
      return true
    },

    claims: (path) => table.routeOf(path) !== undefined || table.find(path) === 'malformed',

    async close() {
      endStreams()
      await upstreams.close()
    },
  }
}

function openRoute(route: RouteConfig, upstreams: Upstreams): ApiRoute {
  const upstream = new URL(route.target)
  const { token: kind, audience } = route
  return {
    ...route,
    upstream,
    basePath: upstream.pathname.replace(/\/+$/, ''),
    tokenRequest: kind === 'none' || route.auth === 'none' ? undefined : { kind, audience },
    pool: upstreams.poolFor(upstream),
    middleware: createRouteMiddleware(route),
  }
}

/** Nothing of a request that can be read in two ways is believed, not even where it ends. */
function refuse(req: IncomingMessage, res: ServerResponse): void {
  const id = requestId(req)
  res.setHeader('X-Request-Id', id)
  res.setHeader('Connection', 'close')
  sendProblem(res, new Problem('invalid-request'), id)
  discardBody(req)
}

/** RFC 6455 §4.4: says which version we speak. */
function badHandshake(): Problem {
  return new Problem('invalid-request', { headers: { 'Sec-WebSocket-Version': '13' } })
}
