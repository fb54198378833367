import type { IncomingMessage } from 'node:http'
import type { RequestHandler } from 'http-proxy-middleware'
import type { Dispatcher } from 'undici'
import type { ApiTokens, TokenRequest } from '../api-token/api-tokens.ts'
import type { Clock } from '../clock.ts'
import type { RouteConfig } from '../config/config.ts'
import type { AnswerAddresses } from '../http/answer-addresses.ts'
import type { BodyPace } from '../http/body-pace.ts'
import type { Problem, ProblemCode } from '../http/problem.ts'
import type { TrustedPeers } from '../http/trusted-peers.ts'
import type { Log } from '../ops/log.ts'
import type { SessionReader } from '../session/sessions.ts'

/** One request on a route, when it is over: for metrics and the request line. */
export interface ProxySample {
  /** Empty: malformed, so on none. */
  readonly route: string
  readonly method: string
  /** As the client asked for it, with its query. */
  readonly target: string
  /** What was answered; 0: the client left, or the connection was cut, before there was an answer. */
  readonly status: number
  /** The problem, where the answer was ours. */
  readonly code: ProblemCode | undefined
  /** The body did not arrive whole: the upstream broke, the client left, or the session of a stream ended. */
  readonly cut: boolean
  /** From the request's head to the answer's last byte, ms. */
  readonly durationMs: number
  /** Of that, gate, session and token: until the request could go up, or was refused. */
  readonly ownMs: number
  /** From the request going up to the head of its answer; undefined: the upstream was not asked or did not answer. */
  readonly upstreamMs: number | undefined
  readonly requestId: string
  /** The request, where it asked for a WebSocket: it has no response that would tell of its end. */
  readonly upgrade?: IncomingMessage
}

/** Something that outlives its request: an event stream, a WebSocket. Shutdown ends them. */
export interface LongLived {
  goAway(): void
}

export type UpstreamTrace = (
  req: IncomingMessage,
  upstream: URL,
  path: string,
  /** Why the call's last try failed on its connection; undefined: it did not. */
  failure?: ProblemCode,
) => readonly string[] | undefined

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
  /** Begins the span of a call to an upstream; the headers (names and values) that carry it there. undefined: nothing is traced. */
  readonly trace: UpstreamTrace | undefined
  readonly longLived: Set<LongLived>
  /** Ends requests whose body comes in drips. */
  readonly bodyPace: BodyPace
  readonly refusals: Map<ProblemCode, Problem>
}

/** A route with what follows from its configuration. */
export interface ApiRoute extends RouteConfig {
  readonly upstream: URL
  /** The target's own path, without a trailing slash; goes in front. */
  readonly basePath: string
  readonly addresses: AnswerAddresses
  /** The name under which a client's header goes up; false: it stays behind. */
  readonly goesOnAs: (name: string) => string | false
  /** undefined: calls carry no token. */
  readonly tokenRequest: TokenRequest | undefined
  readonly pool: Dispatcher
  /** A connection of its own to the same upstream, for one request; the caller closes it. */
  readonly openConnection: () => Dispatcher
  /** http-proxy-middleware: filters, rewrites, then calls `proceed` of what the gate admitted. For upgrades, and requests to rewrite. */
  readonly middleware: RequestHandler
}
