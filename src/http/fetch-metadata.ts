import type { IncomingHttpHeaders } from 'node:http'

export interface RequestFacts {
  readonly method: string
  readonly headers: IncomingHttpHeaders
  /** A path that only our own pages may open (`/auth/link/…`): a typed address counts as elsewhere. */
  readonly sameOriginOnly?: boolean
}

/**
 * The request says that it comes from elsewhere (Fetch Metadata, W3C).
 * `same-site` is elsewhere: a sibling subdomain is another party (browser-based apps draft §6.1.3.3.1).
 * A header sent twice arrives joined by a comma and therefore matches nothing.
 */
export function comesFromElsewhere(
  { method, headers, sameOriginOnly }: RequestFacts,
  publicOrigin: string,
): boolean {
  const site = headers['sec-fetch-site']
  if (site === undefined) return headers.origin !== undefined && headers.origin !== publicOrigin
  if (site === 'same-origin') return false
  if (site !== 'none' || sameOriginOnly) return true
  // `none` is a person's own act only as a plain navigation: a sibling origin can cause speculative loads that say `none`.
  return (method !== 'GET' && method !== 'HEAD') || isSpeculative(headers)
}

/** The request does not say where it comes from: then only a header that no cross-site page can send proves it. */
export function provesNothing(headers: IncomingHttpHeaders): boolean {
  return headers['sec-fetch-site'] === undefined && headers.origin === undefined && headers['x-csrf'] !== '1'
}

/** A prefetch or prerender: nobody has clicked yet (Speculation Rules, `Sec-Purpose`). */
export function isSpeculative(headers: IncomingHttpHeaders): boolean {
  return headers['sec-purpose'] !== undefined
}

/** Methods that change nothing (RFC 9110 §9.2.1). */
export function isSafeMethod(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS' || method === 'TRACE'
}
