import { type AnswerAddresses, originRelative, ownPlace } from '../http/answer-addresses.ts'
import { mayBeSet } from './cookies.ts'
import { connectionNames, isHopByHop, memoized } from './header-names.ts'

/** An upstream's headers by name in lower case, as undici gives them. */
export type AnswerHeaders = Readonly<Record<string, string | readonly string[] | undefined>>

export interface AnswerRules {
  readonly setCookie: boolean
  readonly sandbox: boolean
  /** The route lets other sites' pages call it: what the upstream says of CORS is for them. */
  readonly cors: boolean
  readonly addresses: AnswerAddresses
  readonly ownCookieNames: (name: string) => boolean
  readonly requestId: string
  readonly status: number
  /** A token went up: the answer is for one user only. */
  readonly personal: boolean
  /** Members and anonymous callers get different answers at the same address: true on `optional` routes, and with a token. */
  readonly variesByCookie: boolean
  /** The Set-Cookie value of a session cookie that an older secret signed, written anew; undefined: there is none to write. */
  readonly renewedCookie?: string | undefined
}

/** It binds or clears the whole origin, which is not this upstream's alone. */
const bindsOrigin: ReadonlySet<string> = new Set([
  'accept-ch',
  'accept-ch-lifetime',
  'alt-svc',
  'clear-site-data',
  'critical-ch',
  'expect-ct',
  'nel',
  'public-key-pins',
  'public-key-pins-report-only',
  'report-to',
  'reporting-endpoints',
  'service-worker-allowed',
  'set-login',
  'sourcemap',
  'strict-transport-security',
  'x-sourcemap',
])

/** It commands a proxy or a cache in front of coatcheck: nginx, lighttpd, Perlbal, CDNs (RFC 9213 for the last). */
const commandsProxy =
  /^(?:x-accel-|x-sendfile|x-lighttpd-|x-reproxy-|surrogate-|edge-control$|(?:.*-)?cdn-cache-control$)/

/** What coatcheck says itself on each answer. */
const ours: ReadonlySet<string> = new Set(['x-coatcheck-problem', 'x-content-type-options', 'x-request-id'])

const staysBehind = memoized(
  (name) => isHopByHop(name) || bindsOrigin.has(name) || ours.has(name) || commandsProxy.test(name),
)

const isCors = memoized((name) => name.startsWith('access-control-'))

/** An upstream's headers as the browser gets them: a flat list of names and values. docs/headers.md says why for each. */
export function answerHeaders(headers: AnswerHeaders, rules: AnswerRules): string[] {
  const named = connectionNames(joined(headers['connection']))
  const confirms = rules.sandbox && confirmsUntyped(headers, rules)
  const list: string[] = []
  for (const name in headers) {
    if (staysBehind(name) || named?.has(name)) continue
    if (confirms && name === 'content-security-policy') continue
    if (!rules.cors && isCors(name)) continue
    const value = headers[name]
    if (value === undefined) continue
    const rewrite = rewrites.get(name)
    if (rewrite !== undefined) rewrite(list, typeof value === 'string' ? [value] : value, rules)
    else if (typeof value === 'string') list.push(name, value)
    else for (const one of value) list.push(name, one)
  }
  list.push('x-request-id', rules.requestId)
  // ASVS V3.4.4: no guessing of types.
  list.push('x-content-type-options', 'nosniff')
  const lacks = (name: string) => isBlank(headers[name]) || named?.has(name) === true
  if (rules.variesByCookie && lacks('vary')) list.push('vary', 'Cookie')
  // On a 304 it would replace what the answer that is being confirmed says (RFC 9111 §4.3.4).
  if (rules.personal && rules.status !== 304 && lacks('cache-control')) list.push('cache-control', 'no-store')
  // Policies add up (CSP 3 §8.1): the upstream's own cannot loosen this one.
  if (rules.sandbox && rules.status !== 204 && !confirms && !isInert(typeOf(headers)))
    list.push('content-security-policy', "sandbox; default-src 'none'")
  if (rules.renewedCookie !== undefined && (rules.status === 101 || inNoSharedCache(list)))
    list.push('set-cookie', rules.renewedCookie)
  return list
}

/**
 * A 304 that names no type, as most do (RFC 9110 §15.4.5). Its policies would replace those of the kept answer (RFC 9111
 * §3.2): the upstream's own would lift the sandbox of a page, and a sandbox would close the viewer of a PDF.
 */
function confirmsUntyped(headers: AnswerHeaders, { status }: AnswerRules): boolean {
  return status === 304 && typeOf(headers) === ''
}

function typeOf(headers: AnswerHeaders): string {
  return joined(headers['content-type'])?.trim() ?? ''
}

/** No shared cache may keep an answer with these headers (RFC 9111 §3), so what it says to one browser reaches no other. */
function inNoSharedCache(list: readonly string[]): boolean {
  for (let at = 0; at < list.length; at += 2)
    if (list[at] === 'cache-control') return isForOne(list[at + 1] as string)
  return false
}

/** `private` with field names is about those fields only. */
const isForOne = memoized((control) => {
  return control
    .replace(/"(?:[^"\\]|\\.)*"/g, '""')
    .split(',')
    .some((directive) => /^\s*(?:private|no-store)\s*$/i.test(directive))
})

type Rewrite = (list: string[], values: readonly string[], rules: AnswerRules) => void

/** The headers of an upstream's answer that do not pass as they are. */
const rewrites: ReadonlyMap<string, Rewrite> = new Map<string, Rewrite>([
  [
    'set-cookie',
    (list, values, { setCookie, ownCookieNames, addresses }) => {
      if (!setCookie) return
      for (const value of values)
        if (mayBeSet(value, ownCookieNames)) list.push('set-cookie', ownPlace(value, addresses))
    },
  ],
  ['location', pushRelative('location')],
  ['content-location', pushRelative('content-location')],
  [
    'vary',
    (list, values, { variesByCookie }) => {
      const vary = values.join(', ')
      if (vary.trim() !== '') list.push('vary', variesByCookie ? withCookie(vary) : vary)
    },
  ],
  [
    'cache-control',
    (list, values, { variesByCookie }) => {
      const control = values.join(', ')
      if (control.trim() !== '') list.push('cache-control', variesByCookie ? notShared(control) : control)
    },
  ],
  [
    'www-authenticate',
    (list, values) => {
      for (const value of values) {
        const passing = withoutDialogs(value)
        if (passing !== '') list.push('www-authenticate', passing)
      }
    },
  ],
])

function pushRelative(name: string): Rewrite {
  return (list, values, { addresses }) => {
    for (const value of values) list.push(name, originRelative(value, addresses))
  }
}

/**
 * Browsers send coatcheck a cookie where the upstream saw a token: what the answer depends on is the cookie (RFC 9110 §12.5.5).
 * A cache that keeps `Vary: Authorization` would give one user's answer to the next.
 */
const withCookie = memoized((vary) => {
  return /(?:^|,)\s*(?:\*|cookie)\s*(?:,|$)/i.test(vary) ? vary : `${vary}, Cookie`
})

/**
 * A shared cache keeps no answer to a request with Authorization unless the answer says so (RFC 9111 §3.5). It sees a cookie
 * instead, which binds it to nothing: `private` says what the upstream could rely on. A directive with field names
 * (`private="x-name"`) is about those fields only, so it does not count.
 */
const notShared = memoized((control) => {
  const directives = control.replace(/"(?:[^"\\]|\\.)*"/g, '""').split(',')
  const said = directives.some((directive) => {
    const [name = '', argument] = directive.split('=')
    const plain = name.trim().toLowerCase()
    if (plain === 'private' || plain === 'no-cache') return argument === undefined
    return /^(?:public|s-maxage|must-revalidate|no-store)$/.test(plain)
  })
  return said ? control : `${control}, private`
})

/** Challenges that make a browser ask for a password which coatcheck would never pass on. */
const opensDialog = /^(?:basic|digest|negotiate|ntlm)$/i

/** Begins a challenge: a scheme, alone or before its parameters (RFC 9110 §11.6.1); `name=value` goes on with the last one. */
const challenge = /^([!#$%&'*+.^_`|~0-9a-z-]+)(?:$|\s+(?!\s*=))/i

const withoutDialogs = memoized((value) => {
  const parts = value.match(/(?:[^",]|"(?:[^"\\]|\\.)*"|")+/g) ?? []
  let passes = true
  const kept: string[] = []
  for (const part of parts.map((one) => one.trim())) {
    const scheme = challenge.exec(part)?.[1]
    if (scheme !== undefined) passes = !opensDialog.test(scheme)
    if (passes && part !== '') kept.push(part)
  }
  return kept.join(', ')
})

/**
 * Types that no browser runs as a document of this origin. Everything else is sandboxed, what has no type and what nobody has
 * heard of included: an uploaded page must not run as the app.
 */
const inert =
  /^(?:application\/(?:[a-z0-9.-]+\+)?json|text\/json|application\/(?:x-ndjson|jsonl)|text\/(?:plain|css|javascript|ecmascript|event-stream)|application\/(?:javascript|x-javascript|ecmascript)|image\/(?!.*(?:svg|xml))[a-z0-9.-]+|(?:audio|video)\/(?!.*xml)[a-z0-9.-]+|font\/[a-z0-9.-]+|application\/(?:font-[a-z0-9]+|x-font-[a-z0-9]+|vnd\.ms-fontobject|pdf|octet-stream|zip|x-zip-compressed|gzip|x-gzip|x-tar|x-gtar|x-bzip2?|x-xz|zstd|x-7z-compressed|vnd\.rar|x-rar-compressed|java-archive))$/

const isInert = memoized((contentType) => {
  // Two types in one field: which one counts is the browser's guess.
  if (contentType.includes(',')) return false
  return inert.test((contentType.split(';', 1)[0] as string).trim().toLowerCase())
})

/** An answer that lasts as long as its client listens (HTML Living Standard, server-sent events). */
export function isEventStream(headers: AnswerHeaders): boolean {
  const type = joined(headers['content-type'])
  return type !== undefined && /(?:^|,)\s*text\/event-stream\s*(?:[;,]|$)/i.test(type)
}

/** Sent in a transfer coding that is not undone here: its bytes are not the body (RFC 9112 §6.1). */
export function isCoded(headers: AnswerHeaders): boolean {
  const coding = joined(headers['transfer-encoding'])
  return coding !== undefined && coding.trim().toLowerCase() !== 'chunked'
}

function isBlank(value: string | readonly string[] | undefined): boolean {
  return value === undefined || joined(value)?.trim() === ''
}

function joined(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'string' || value === undefined ? value : value.join(', ')
}
