import type { IncomingHttpHeaders } from 'node:http'
import { hasUnreadableTrace, isTraceHeader } from '../http/traceparent.ts'
import { withoutCookies } from './cookies.ts'
import { connectionNames, isHopByHop, memoized, spelledPlainly } from './header-names.ts'

/** What coatcheck itself says to the upstream about a request; strings go out as they are. */
export interface Vouched {
  readonly forwardedProto: string
  readonly forwardedHost: string
  readonly forwardedFor: string
  readonly requestId: string
  /** The path that was stripped, percent-encoded; undefined: none was. */
  readonly forwardedPrefix?: string | undefined
  /** Without `Bearer`. */
  readonly token: string | undefined
  /** Our own place in a trace, names and values; undefined: the client's goes on, if it can be read. */
  readonly trace?: readonly string[] | undefined
}

export interface HeaderRules {
  readonly cookies: 'none' | 'others'
  readonly ownCookieNames: (name: string) => boolean
  /** The name as it goes on; false: it stays behind. `nameFilter` makes one. */
  readonly goesOnAs?: ((name: string) => string | false) | undefined
}

/** Set by us, or a way to tell an upstream something about the caller that only we may tell. */
const ours: ReadonlySet<string> = new Set([
  'authorization',
  'cookie',
  'expect',
  'forwarded',
  'host',
  'http2-settings',
  'x-csrf',
  'x-forwarded',
  'x-request-id',
])

/**
 * What upstreams take for a client's address or identity, for another method or for another path. A route's `headers` lets
 * single ones through. Names of nginx, Apache, Envoy, IIS, Cloudflare, Fastly, AWS, Azure and Google's load balancers.
 */
const claims =
  /^(?:x-real-ip|x-client-ip|x-cluster-client-ip|true-client-ip|cf-connecting-ip(?:v6)?|fastly-client-ip|remote-user|x-http-method(?:-override)?|x-method-override|x-rewrite-url|x-original-.*|x-envoy-.*|x-remote-.*|x-authenticated-.*|x-auth-.*|x-user.*|x-ssl-.*|ssl-client-.*|x-client-cert.*|x-amzn-oidc-.*|x-ms-client-.*|x-goog-authenticated-.*)$/

/** Whether a route's `headers` may let this client's header through. */
export function mayBeLetThrough(name: string): boolean {
  return !isOurs(spelledPlainly(name))
}

/**
 * Whether a client's header stays behind. ASVS V4.1.3: what an intermediary sets, a client must not be able to.
 * CGI-like servers read `X_Forwarded_For` as `X-Forwarded-For`, so the spelling does not count.
 */
function staysBehind(name: string): boolean {
  const plain = spelledPlainly(name)
  if (plain === 'content-length') return name.toLowerCase() !== 'content-length'
  return isOurs(plain) || claims.test(plain)
}

function isOurs(plain: string): boolean {
  return ours.has(plain) || isHopByHop(plain) || /^(?:x-forwarded-|proxy-)/.test(plain)
}

/**
 * Tells the name under which a client's header goes on; false: it stays behind. Always the same string for a spelling, which
 * undici then need not hash. `letThrough`: a route's `headers`.
 */
export function nameFilter(letThrough: readonly string[] = []): (name: string) => string | false {
  const allowed = new Set(letThrough.map((name) => name.toLowerCase()))
  return memoized((name) => {
    const passes = allowed.has(name.toLowerCase()) ? mayBeLetThrough(name) : !staysBehind(name)
    return passes && asPropertyName(name)
  })
}

const defaultFilter = nameFilter()

/** The one string that stands for a name wherever it is a property's. */
function asPropertyName(name: string): string {
  return Object.keys({ [name]: true })[0] as string
}

/** The client's headers that go on, in their order and spelling, then ours: a flat list of names and values. */
export function upstreamHeaders(
  req: { readonly rawHeaders: readonly string[]; readonly headers: IncomingHttpHeaders },
  vouched: Vouched,
  rules: HeaderRules,
): string[] {
  const { rawHeaders, headers } = req
  // RFC 9110 §7.6.1: what Connection names is for this hop only.
  const named = connectionNames(headers.connection)
  const dropsTrace = vouched.trace !== undefined || hasUnreadableTrace(headers)
  const goesOnAs = rules.goesOnAs ?? defaultFilter
  const list: string[] = []
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = goesOnAs(rawHeaders[index] as string)
    if (name === false || named?.has(name.toLowerCase())) continue
    if (dropsTrace && isTraceHeader(name)) continue
    list.push(name, rawHeaders[index + 1] as string)
  }
  if (rules.cookies === 'others' && headers.cookie !== undefined) {
    const cookies = withoutCookies(headers.cookie, rules.ownCookieNames)
    if (cookies !== '') list.push('cookie', cookies)
  }
  list.push(
    'x-forwarded-proto',
    vouched.forwardedProto,
    'x-forwarded-host',
    vouched.forwardedHost,
    'x-forwarded-for',
    vouched.forwardedFor,
    'x-request-id',
    vouched.requestId,
  )
  if (vouched.forwardedPrefix !== undefined) list.push('x-forwarded-prefix', vouched.forwardedPrefix)
  if (vouched.trace !== undefined) list.push(...vouched.trace)
  if (vouched.token !== undefined) list.push('authorization', `Bearer ${vouched.token}`)
  return list
}

/** `X-Forwarded-For` for the upstream: the peer, after what a trusted peer had received. */
export function forwardedFor(peer: string, received: string | undefined): string {
  // Only what can be an address list goes on: an upstream's parser need not be as careful as ours.
  return received !== undefined && /^[0-9A-Za-z.:,[\] _-]{1,2048}$/.test(received)
    ? `${received}, ${peer}`
    : peer
}
