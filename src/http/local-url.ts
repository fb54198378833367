const maxBytes = 1024

/**
 * `value` if it is a path of this origin (query and fragment kept, byte for byte), else undefined.
 * RFC 9700 §4.11: whatever a browser could read as another origin is refused, not repaired.
 */
export function localPath(value: unknown): string | undefined {
  if (typeof value !== 'string' || Buffer.byteLength(value) > maxBytes) return undefined
  if (!/^\/(?![/\\])[\x21-\x7e]*$/.test(value) || value.includes('\\')) return undefined
  // A browser removes dot segments before it looks for the authority: `/.//evil` would become `//evil`.
  const base = 'http://local.invalid'
  if (!URL.canParse(value, base)) return undefined
  const url = new URL(value, base)
  return url.origin === base && !url.pathname.startsWith('//') ? value : undefined
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

/** `path` with parameters added to its query, before its fragment. */
export function withQuery(path: string, parameters: Readonly<Record<string, string | undefined>>): string {
  const hash = path.indexOf('#')
  const [target, fragment] = hash < 0 ? [path, ''] : [path.slice(0, hash), path.slice(hash)]
  const added = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) added.append(name, value)
  if (added.size === 0) return path
  return `${target}${target.includes('?') ? '&' : '?'}${added}${fragment}`
}
