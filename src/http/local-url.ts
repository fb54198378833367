const maxBytes = 1024

/**
 * `value` if it is a path of this origin, else undefined: query and fragment kept, byte for byte but for blanks, quotes, angle brackets
 * and letters beyond ASCII, which are percent-encoded as a URL parser does it (WHATWG URL, path and query state).
 * RFC 9700 §4.11: whatever a browser could read as another origin is refused, not repaired.
 */
export function localPath(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length > maxBytes) return undefined
  if (!/^\/(?![/\\])/.test(value) || /[\\\p{Cc}]/u.test(value)) return undefined
  const path = value.toWellFormed().replace(/[^\x21-\x7e]+|["<>]+/g, encodeURIComponent)
  // A browser removes dot segments before it looks for the authority: `/.//evil` would become `//evil`.
  const base = 'http://local.invalid'
  if (path.length > maxBytes || !URL.canParse(path, base)) return undefined
  const url = new URL(path, base)
  return url.origin === base && !url.pathname.startsWith('//') ? path : undefined
}

/** The path alone of a value that `localPath` accepted, as a browser will request it: dot segments resolved, percent-decoded. */
export function requestedPath(localPath: string): string {
  const { pathname } = new URL(localPath, 'http://local.invalid')
  try {
    return decodeURIComponent(pathname)
  } catch {
    return pathname
  }
}

/**
 * `path` with parameters added to its query, before its fragment.
 * @param shortest escapes only what a query cannot hold: an address as a value stays a third shorter
 */
export function withQuery(
  path: string,
  parameters: Readonly<Record<string, string | undefined>>,
  shortest = false,
): string {
  const hash = path.indexOf('#')
  const [target, fragment] = hash < 0 ? [path, ''] : [path.slice(0, hash), path.slice(hash)]
  const present = Object.entries(parameters).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  )
  if (present.length === 0) return path
  const added = shortest
    ? present.map(([name, value]) => `${name}=${value.replace(/[%&+#]/g, encodeURIComponent)}`).join('&')
    : new URLSearchParams(present).toString()
  return `${target}${target.includes('?') ? '&' : '?'}${added}${fragment}`
}
