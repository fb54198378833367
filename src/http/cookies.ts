import type { ServerResponse } from 'node:http'
import { parseCookie, stringifySetCookie } from 'cookie'

export interface CookieAttributes {
  readonly maxAgeSeconds: number
  readonly sameSite: 'strict' | 'lax'
  /** False only where PUBLIC_URL is http on loopback. */
  readonly secure: boolean
}

/** What a cookie is called: `__Host-` binds it to this very host over https (RFC 6265bis §4.1.3.2). */
export function cookieName(name: string, secure: boolean): string {
  return secure ? `__Host-${name}` : name
}

/** The cookies of a request by name. Of two with one name the first counts. */
export function readCookies(header: string | undefined): Readonly<Record<string, string | undefined>> {
  return header ? parseCookie(header) : {}
}

/** Adds a cookie that scripts cannot read, for this host and every path. */
export function setCookie(
  res: ServerResponse,
  name: string,
  value: string,
  attributes: CookieAttributes,
): void {
  res.appendHeader('Set-Cookie', cookieLine(name, value, attributes))
}

/** The value of a Set-Cookie header that does the same. */
export function cookieLine(
  name: string,
  value: string,
  { maxAgeSeconds, sameSite, secure }: CookieAttributes,
): string {
  return stringifySetCookie({
    name,
    value,
    path: '/',
    httpOnly: true,
    maxAge: maxAgeSeconds,
    sameSite,
    secure,
  })
}

/** Tells the browser to drop a cookie that `setCookie` set. */
export function clearCookie(
  res: ServerResponse,
  name: string,
  attributes: Omit<CookieAttributes, 'maxAgeSeconds'>,
): void {
  setCookie(res, name, '', { ...attributes, maxAgeSeconds: 0 })
}
