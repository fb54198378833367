import type { IncomingMessage } from 'node:http'
import type { ProblemCode } from '../http/problem.ts'
import { plainAddress } from '../http/trusted-peers.ts'
import type { CookieRenewal } from '../session/sessions.ts'
import type { AnswerRules } from './answer-headers.ts'
import type { ApiRoute, ProxyContext } from './proxy-context.ts'
import { forwardedFor, upstreamHeaders } from './request-headers.ts'
import { upstreamPath } from './route-table.ts'

/** A request that may go up, with what the gate found out about it. */
export interface Outgoing {
  readonly context: ProxyContext
  readonly route: ApiRoute
  readonly req: IncomingMessage
  readonly id: string
  readonly token: string | undefined
  /** Its session cookie, if that is to be written anew. */
  readonly renewal: CookieRenewal | undefined
  /** Why its last try failed on its connection. */
  readonly lastFailure?: ProblemCode | undefined
}

/** All headers for the upstream but Host and those of the connection. */
export function outgoingHeaders({ context, route, req, id, token, lastFailure }: Outgoing): string[] {
  const peer = req.socket.remoteAddress
  const received = req.headers['x-forwarded-for']
  const believed = context.peers.trusts(peer) && typeof received === 'string' ? received : undefined
  return upstreamHeaders(
    req,
    {
      forwardedProto: context.forwardedProto,
      forwardedHost: context.publicHost,
      forwardedFor: forwardedFor(plainAddress(peer), believed),
      requestId: id,
      forwardedPrefix: route.addresses.prefix,
      token,
      trace: context.trace?.(req, route.upstream, upstreamPath(route, req.url as string), lastFailure),
    },
    { cookies: route.cookies, ownCookieNames: context.ownCookieNames, goesOnAs: route.goesOnAs },
  )
}

/** By which rules the upstream's answer to it goes back to the browser. */
export function answerRules({ context, route, id, token, renewal }: Outgoing, status: number): AnswerRules {
  return {
    setCookie: route.setCookie,
    sandbox: route.sandbox,
    cors: !route.csrf,
    addresses: route.addresses,
    ownCookieNames: context.ownCookieNames,
    requestId: id,
    status,
    personal: token !== undefined,
    variesByCookie: token !== undefined || route.auth === 'optional',
    renewedCookie: renewal?.line(),
  }
}
