import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { RouteConfig } from '../config/config.ts'
import { Problem, sendProblem } from '../http/problem.ts'
import { requestId } from '../http/request-id.ts'
import { createTrustedPeers } from '../http/trusted-peers.ts'
import { closeAfter, isClosing, readAway } from '../http/unread-body.ts'
import { judge } from './admission.ts'
import { ApiCall } from './api-call.ts'
import { isMalformed } from './gate.ts'
import { countConnections, type LiveConnections } from './live-connections.ts'
import { isFarAhead } from './pipelining.ts'
import type { ApiRoute, LongLived, ProxyContext, ProxySample, UpstreamTrace } from './proxy-context.ts'
import { nameFilter } from './request-headers.ts'
import { createRouteTable } from './route-table.ts'
import { sendContinue } from './server-options.ts'
import { createRouteMiddleware } from './transport.ts'
import { accompany } from './traveller.ts'
import { refuseUpgrade, takeOver } from './upgrade-answer.ts'
import { UpgradeCall } from './upgrade-call.ts'
import { createUpstreams, type Upstreams } from './upstreams.ts'
import { asksForWebSocket, isHandshake } from './websocket-handshake.ts'

export interface ProxyOptions
  extends Pick<
    ProxyContext,
    | 'publicOrigin'
    | 'publicHost'
    | 'ownCookieNames'
    | 'loginPath'
    | 'reader'
    | 'tokens'
    | 'clock'
    | 'log'
    | 'bodyPace'
  > {
  readonly routes: readonly RouteConfig[]
  /** To one target at most; calls beyond wait within their timeout. */
  readonly connections?: number | undefined
  /** PUBLIC_URL is https. */
  readonly secure: boolean
  /** Addresses or CIDRs whose X-Forwarded-For is believed. */
  readonly trustProxy: readonly string[]
  /** Told of every request on a route when it is over: metrics, the request line. */
  readonly observe?: ((sample: ProxySample) => void) | undefined
  readonly trace?: UpstreamTrace | undefined
}

/** The API routes (CONTRACT §5): who may pass, what goes up and what comes back. */
export interface ApiProxy {
  /** Takes requests on a route, calls `next` for all others. Middleware, or the server's own listener. */
  handle(req: IncomingMessage, res: ServerResponse, next: () => void): void
  /** Takes upgrades on a route; false: no route takes it, and nothing was written. */
  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): boolean
  /** Whether a decoded path is of an API route: no place for `returnTo`. */
  claims(path: string): boolean
  /** Ends what would last for ever, WebSockets and event streams; other calls under way are finished. */
  endStreams(): void
  /** WebSockets and event streams that are open now. */
  connections(): LiveConnections
  /** Ends the streams, lets other calls finish, closes the connections to the upstreams. */
  close(): Promise<void>
}

export function createProxy(options: ProxyOptions): ApiProxy {
  const longLived = new Set<LongLived>()
  const upstreams = createUpstreams(options.connections)
  const table = createRouteTable(options.routes.map((route) => openRoute(route, upstreams)))
  const context: ProxyContext = {
    ...options,
    observe: options.observe,
    trace: options.trace,
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
      // The connection is being closed: what was sent behind a malformed request may be a part of it.
      if (isClosing(req.socket)) return
      if (isFarAhead(req, res)) {
        req.socket.destroy()
        return
      }
      const route = table.find(req.url as string)
      if (route === undefined) {
        sendContinue(req, res)
        next()
      } else if (route === 'malformed' || isMalformed(req)) {
        refuse(req, res, context.observe)
      } else {
        const call = new ApiCall(context, route, req, res)
        accompany(req, call)
        judge(call)
      }
    },

    upgrade(req, socket, head) {
      if (!takeOver(socket)) return true
      const route = table.find(req.url as string)
      if (route === undefined || !asksForWebSocket(req)) return false
      if (isClosing(req.socket)) return true
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

    connections: () => countConnections(longLived),

    async close() {
      endStreams()
      await upstreams.close()
    },
  }
}

function openRoute(route: RouteConfig, upstreams: Upstreams): ApiRoute {
  const upstream = new URL(route.target)
  const { token: kind, audience } = route
  const basePath = upstream.pathname.replace(/\/+$/, '')
  const stripped = route.stripPrefix && route.path !== '/'
  return {
    ...route,
    upstream,
    basePath,
    addresses: { upstream, basePath, prefix: stripped ? encodeURI(route.path) : undefined },
    goesOnAs: nameFilter(route.headers),
    tokenRequest: kind === 'none' || route.auth === 'none' ? undefined : { kind, audience },
    pool: upstreams.poolFor(upstream),
    openConnection: () => upstreams.connectionTo(upstream),
    middleware: createRouteMiddleware(route, upstream),
  }
}

/** Nothing of a request that can be read in two ways is believed, not even where it ends. */
function refuse(req: IncomingMessage, res: ServerResponse, observe: ProxyContext['observe']): void {
  const id = requestId(req)
  res.setHeader('X-Request-Id', id)
  closeAfter(req, res)
  const problem = new Problem('invalid-request')
  sendProblem(res, problem, id)
  readAway(req)
  observe?.({
    route: '',
    method: req.method as string,
    target: req.url as string,
    status: problem.status,
    code: problem.code,
    cut: false,
    durationMs: 0,
    ownMs: 0,
    upstreamMs: undefined,
    requestId: id,
  })
}

/** RFC 6455 §4.4: says which version we speak. */
function badHandshake(): Problem {
  return new Problem('invalid-request', { headers: { 'Sec-WebSocket-Version': '13' } })
}
