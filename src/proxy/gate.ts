import type { IncomingMessage } from 'node:http'
import type { Clock } from '../clock.ts'
import type { RouteConfig } from '../config/config.ts'
import { comesFromElsewhere, provesNothing } from '../http/fetch-metadata.ts'
import type { ProblemCode } from '../http/problem.ts'
import type { OpenSession } from '../session/session.ts'

type Incoming = Pick<IncomingMessage, 'method' | 'headers' | 'rawHeaders' | 'httpVersion'>

/** More than any browser sends; Node drops what is above its own limit without a word, so ours is far below. */
const mostHeaders = 200

/**
 * What Node's parser lets through and two servers could read differently. Judged before anything else.
 * RFC 9112 §3.2 (one Host), §6.1 (`chunked` alone, and not on HTTP/1.0), §2.3 (we speak HTTP/1).
 */
export function isMalformed({ headers, rawHeaders, httpVersion }: Incoming): boolean {
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return true
  if (rawHeaders.length > mostHeaders * 2) return true
  const coding = headers['transfer-encoding']
  if (coding !== undefined && (httpVersion === '1.0' || coding.toLowerCase() !== 'chunked')) return true
  return hasTwice(rawHeaders, 'host') || hasTwice(rawHeaders, 'authorization')
}

function hasTwice(rawHeaders: readonly string[], name: string): boolean {
  let seen = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const header = rawHeaders[index] as string
    if (header.length === name.length && header.toLowerCase() === name) seen += 1
  }
  return seen > 1
}

/** Gate 1: it says that it comes from elsewhere. Two Origin headers arrive joined, and an origin has no comma. */
export function saysElsewhere(route: RouteConfig, req: Incoming, publicOrigin: string): boolean {
  if (!route.csrf) return false
  const { headers, method = 'GET' } = req
  return comesFromElsewhere({ method, headers }, publicOrigin) || headers.origin?.includes(',') === true
}

/** Gate 1 of an upgrade: browsers send no Fetch Metadata with it, but always Origin (RFC 6455 §10.2, ASVS V4.4.2). */
export function isForeignUpgrade(route: RouteConfig, req: Incoming, publicOrigin: string): boolean {
  return route.csrf && (req.headers.origin !== publicOrigin || saysElsewhere(route, req, publicOrigin))
}

/** Gate 2: what the session's state does not allow. */
export function sessionRefusal(
  route: RouteConfig,
  open: OpenSession | undefined,
  clock: Clock,
): ProblemCode | undefined {
  if (route.auth === 'none') return undefined
  if (route.auth === 'required') {
    if (!open) return 'session-required'
    if (open.session.state === 'registering') return 'sign-up-required'
  }
  // ASVS V7.6.1: some calls want a person who proved lately who they are.
  const tooOld =
    open !== undefined &&
    route.maxAuthAgeMs !== undefined &&
    clock() - open.session.authenticatedAt > route.maxAuthAgeMs
  return tooOld ? 'reauthentication-required' : undefined
}

/** Gate 3: it does not say where it comes from, and has no proof that no other site sent it. */
export function lacksProof(route: RouteConfig, req: Incoming): boolean {
  return route.csrf && provesNothing(req.headers)
}
