import type { RequestHandler } from 'http-proxy-middleware'
import type { Dispatcher } from 'undici'
import type { ApiTokens, TokenRequest } from '../api-token/api-tokens.ts'
import type { Clock } from '../clock.ts'
import type { RouteConfig } from '../config/config.ts'
import type { Problem, ProblemCode } from '../http/problem.ts'
import type { TrustedPeers } from '../http/trusted-peers.ts'
import type { Log } from '../ops/log.ts'
import type { SessionReader } from '../session/sessions.ts'

/** One request on a route, when it is over: for metrics and the request line. */
export interface ProxySample {
  readonly route: string
  readonly method: string
  /** What was answered; 0: the client left, or the connection was cut, before there was an answer. */
  readonly status: number
  /** The problem, where the answer was ours. */
  readonly code: ProblemCode | undefined
  /** The body did not arrive whole: the upstream broke, the client left, or the session of a stream ended. */
  readonly cut: boolean
  /** From the request's head to the answer's last byte, ms. */
  readonly durationMs: number
  /** Of that, until the upstream's head; undefined: the upstream was not asked or did not answer. */
  readonly upstreamMs: number | undefined
  readonly requestId: string
}

/** Something that outlives its request: an event stream, a WebSocket. Shutdown ends them. */
export interface LongLived {
  goAway(): void
}

/** What every part of the proxy works with; made once. */
export interface ProxyContext {
  readonly publicOrigin: string
  readonly publicHost: string
  readonly forwardedProto: 'http' | 'https'
  readonly peers: TrustedPeers
  readonly ownCookieNames: (name: string) => boolean
  readonly loginPath: string
  readonly reader: SessionReader
  readonly tokens: ApiTokens
  readonly clock: Clock
  readonly log: Log
  readonly observe: ((sample: ProxySample) => void) | undefined
  readonly longLived: Set<LongLived>
  readonly refusals: Map<ProblemCode, Problem>
}

/** A route with what follows from its configuration. */
export interface ApiRoute extends RouteConfig {
  readonly upstream: URL
  /** The target's own path, without a trailing slash; goes in front. */
  readonly basePath: string
  /** undefined: calls carry no token. */
  readonly tokenRequest: TokenRequest | undefined
  readonly pool: Dispatcher
  /** http-proxy-middleware: filters, rewrites, then calls `proceed` of what the gate admitted. */
  readonly middleware: RequestHandler
}
