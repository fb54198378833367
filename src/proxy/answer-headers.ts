import { mayBeSet } from './cookies.ts'
import { connectionNames, isHopByHop, memoized } from './header-names.ts'

/** An upstream's headers by name in lower case, as undici gives them. */
export type AnswerHeaders = Readonly<Record<string, string | readonly string[] | undefined>>

export interface AnswerRules {
  readonly setCookie: boolean
  readonly sandbox: boolean
  readonly ownCookieNames: (name: string) => boolean
  readonly requestId: string
  /** A token went up: the answer is for one person only. */
  readonly personal: boolean
}

/** An upstream speaks for its resource, not for this origin: it sets no cross-origin policy, clears no data, moves no service. */
const staysBehind = memoized(
  (name) =>
    isHopByHop(name) ||
    name === 'clear-site-data' ||
    name === 'alt-svc' ||
    name === 'x-request-id' ||
    name.startsWith('access-control-'),
)

/** What a browser would run as a document of this origin: HTML, SVG, and XML, which can hold both. */
const active = /html|svg|xml/i

/** An upstream's headers as the browser gets them: a flat list of names and values. */
export function answerHeaders(headers: AnswerHeaders, rules: AnswerRules): string[] {
  const named = connectionNames(joined(headers['connection']))
  const list: string[] = []
  for (const name in headers) {
    if (staysBehind(name) || named?.has(name)) continue
    const value = headers[name]
    if (typeof value === 'string') {
      if (name !== 'set-cookie' || passes(value, rules)) list.push(name, value)
    } else if (value) {
      for (const one of value) if (name !== 'set-cookie' || passes(one, rules)) list.push(name, one)
    }
  }
  list.push('x-request-id', rules.requestId)
  const lacks = (name: string) => isBlank(headers[name]) || named?.has(name) === true
  // ASVS V3.4.4: no guessing of types.
  if (lacks('x-content-type-options')) list.push('x-content-type-options', 'nosniff')
  if (rules.personal && lacks('cache-control')) list.push('cache-control', 'no-store')
  if (rules.sandbox && lacks('content-security-policy') && isActive(headers['content-type']))
    list.push('content-security-policy', "sandbox; default-src 'none'")
  return list
}

function passes(setCookie: string, { setCookie: allowed, ownCookieNames }: AnswerRules): boolean {
  return allowed && mayBeSet(setCookie, ownCookieNames)
}

function isActive(contentType: string | readonly string[] | undefined): boolean {
  return contentType !== undefined && active.test(joined(contentType) as string)
}

/** An answer that lasts as long as somebody listens (HTML Living Standard, server-sent events). */
export function isEventStream(headers: AnswerHeaders): boolean {
  const type = joined(headers['content-type'])
  return type !== undefined && /(?:^|,)\s*text\/event-stream\s*(?:[;,]|$)/i.test(type)
}

/** Sent in a transfer coding that nobody undoes here: its bytes are not the body (RFC 9112 §6.1). */
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
