/** What a cookie depends on when it is to be sent. */
export interface CookieUse {
  readonly url: URL
  /** The request's initiator is of the same site. */
  readonly sameSite: boolean
  /** A navigation of the whole page by a safe method: what Lax cookies are sent with from elsewhere. */
  readonly topLevelSafe: boolean
}

export interface StoredCookie {
  readonly name: string
  readonly value: string
  readonly host: string
  readonly path: string
  readonly secure: boolean
  readonly httpOnly: boolean
  readonly sameSite: 'strict' | 'lax' | 'none'
  /** ms since the epoch; absent: until the browser closes. */
  readonly expiresAt?: number
}

/** A browser's cookies (RFC 6265bis), as Chromium keeps them: by host, all ports together. */
export interface CookieJar {
  store(setCookie: string, url: URL): void
  /** The Cookie header's value; undefined: none. */
  header(use: CookieUse): string | undefined
  all(): readonly StoredCookie[]
}

export function createCookieJar(clock: () => number): CookieJar {
  const cookies = new Map<string, StoredCookie>()
  const live = () =>
    [...cookies.values()].filter(({ expiresAt }) => expiresAt === undefined || expiresAt > clock())

  return {
    store(setCookie, url) {
      const cookie = parseCookie(setCookie, url, clock())
      if (cookie) cookies.set(`${cookie.host} ${cookie.path} ${cookie.name}`, cookie)
    },
    header({ url, sameSite, topLevelSafe }) {
      const sent = live().filter(
        (cookie) =>
          cookie.host === url.hostname &&
          pathMatches(url.pathname, cookie.path) &&
          (!cookie.secure || isTrustworthy(url)) &&
          (sameSite || cookie.sameSite === 'none' || (cookie.sameSite === 'lax' && topLevelSafe)),
      )
      return sent.length === 0 ? undefined : sent.map(({ name, value }) => `${name}=${value}`).join('; ')
    },
    all: live,
  }
}

function parseCookie(setCookie: string, url: URL, now: number): StoredCookie | undefined {
  const [pair = '', ...rest] = setCookie.split(';')
  const at = pair.indexOf('=')
  const [name, value] = [pair.slice(0, at).trim(), pair.slice(at + 1).trim()]
  const attributes = new Map(
    rest.map((part) => {
      const [key = '', ...words] = part.split('=')
      return [key.trim().toLowerCase(), words.join('=').trim()] as const
    }),
  )
  const secure = attributes.has('secure')
  const path = attributes.get('path')?.startsWith('/') ? (attributes.get('path') ?? '/') : '/'
  // RFC 6265bis §5.6: a Secure cookie needs a trustworthy origin, SameSite=None needs Secure, prefixes need what they promise.
  const sameSite = attributes.get('samesite')?.toLowerCase()
  const refused =
    at < 1 ||
    attributes.has('domain') ||
    Buffer.byteLength(name + value) > 4096 ||
    (secure && !isTrustworthy(url)) ||
    (sameSite === 'none' && !secure) ||
    (/^__(secure|host)-/i.test(name) && !secure) ||
    (/^__host-/i.test(name) && attributes.get('path') !== '/')
  if (refused) return undefined
  const expiresAt = expiryOf(attributes, now)
  return {
    name,
    value,
    host: url.hostname,
    path,
    secure,
    httpOnly: attributes.has('httponly'),
    sameSite: sameSite === 'strict' || sameSite === 'none' ? sameSite : 'lax',
    ...(expiresAt !== undefined && { expiresAt }),
  }
}

/** Max-Age wins over Expires (RFC 6265bis §5.6). */
function expiryOf(attributes: ReadonlyMap<string, string>, now: number): number | undefined {
  const maxAge = attributes.get('max-age')
  if (maxAge !== undefined && /^-?\d+$/.test(maxAge)) return now + Number(maxAge) * 1000
  const expires = Date.parse(attributes.get('expires') ?? '')
  return Number.isNaN(expires) ? undefined : expires
}

function pathMatches(path: string, cookiePath: string): boolean {
  return path === cookiePath || path.startsWith(cookiePath.endsWith('/') ? cookiePath : `${cookiePath}/`)
}

/** Chromium takes localhost for as good as https. */
function isTrustworthy({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || hostname === 'localhost' || hostname.startsWith('127.')
}
