/** What stands before the query. */
export function pathOf(target: string): string {
  const query = target.indexOf('?')
  return query < 0 ? target : target.slice(0, query)
}

/** A path that needs no second look: visible ASCII, nothing encoded, no empty segment, none that begins with a dot. */
const plain = /^(?:\/(?![./])[!$&-.0-:=@-[\]^-z|~]*)+$/

/** True for paths that every reader reads alike; the others are for `isWellFormed`. */
export function isPlain(path: string): boolean {
  return plain.test(path)
}

/**
 * Whether a target may go to an upstream at all. What two parsers could read differently is refused, not repaired
 * (RFC 3986 §6, RFC 9110 §17.1): the gate would have judged one path and the upstream served another.
 */
export function isWellFormed(target: string): boolean {
  // RFC 9112 §3.2.2: absolute-form names another host; `//` would too, once somebody resolves it.
  if (!target.startsWith('/') || target.startsWith('//') || target.includes('#')) return false
  const segments = pathOf(target).slice(1).split('/')
  return segments.every((segment, index) =>
    segment === '' ? index === segments.length - 1 : isHarmless(segment),
  )
}

function isHarmless(segment: string): boolean {
  if (segment.includes('\\')) return false
  const readings = decodings(segment)
  return readings?.every((reading) => !hasControls(reading) && !climbs(reading)) ?? false
}

/** Servers that strip `;parameters` or take `\` for `/` see a dot segment where others see a name. */
function climbs(reading: string): boolean {
  return reading
    .replaceAll('\\', '/')
    .split('/')
    .some((part) => /^\.\.?(?:;|$)/.test(part))
}

function hasControls(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index)
    if (code < 0x20 || code === 0x7f) return true
  }
  return false
}

/** Nobody honest encodes a path this often; a bound keeps `%25252525…` from costing us. */
const mostDecodings = 8

/** The text as sent, decoded once, twice, … until nothing changes; undefined if it is not valid percent-encoding. */
function decodings(text: string): string[] | undefined {
  const found = [text]
  for (let current = text; found.length <= mostDecodings; ) {
    // A `%` that only appears after decoding is a name with a percent sign, not a fault; what stands beside it is decoded all the same.
    const next = found.length > 1 ? decodeWhatCanBe(current) : decodeOnce(current)
    if (next === undefined) return undefined
    if (next === current) return found
    found.push(next)
    current = next
  }
  return undefined
}

function decodeOnce(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

/** Every escape that can be decoded, decoded; the others stay: one of them must not hide a dot segment beside it. */
function decodeWhatCanBe(text: string): string {
  return text.replace(
    /(?:%[0-9a-f]{2})+/gi,
    (run) => decodeOnce(run) ?? run.replace(/%[0-7][0-9a-f]/gi, (one) => decodeURIComponent(one)),
  )
}

/** The path's segments, each percent-decoded once; undefined if that cannot be done. */
export function decodedSegments(path: string): string[] | undefined {
  const segments = path.split('/').slice(1).map(decodeOnce)
  return segments.every((segment) => segment !== undefined) ? segments : undefined
}

/**
 * The paths that a lenient server could make of an ill-formed target, dot segments kept and resolved.
 * Only to decide whether an API route was meant.
 */
export function lenientReadings(target: string): string[] {
  const path = pathOf(target.replace(/^[A-Za-z][A-Za-z0-9+.-]*:\/\/[^/?#\\]*/, '')).replace(/#.*$/, '')
  const decoded = decodings(decodeWhatCanBe(path))?.at(-1) ?? path
  const parts = decoded
    .replaceAll('\\', '/')
    .split('/')
    .map((part) => part.replace(/;.*$/, ''))
    .filter((part) => part !== '')
  const resolved: string[] = []
  for (const part of parts) {
    if (part === '..') resolved.pop()
    else if (part !== '.') resolved.push(part)
  }
  return [`/${parts.filter((part) => part !== '.').join('/')}`, `/${resolved.join('/')}`]
}
