/** What an upstream's addresses are to the browser. Made once for each route, and for a development server. */
export interface AnswerAddresses {
  readonly upstream: URL
  /** The target's own path, without a trailing slash. */
  readonly basePath: string
  /** The stripped prefix, percent-encoded, which the upstream does not know of; undefined: nothing is stripped. */
  readonly prefix: string | undefined
}

/** Before the path of an absolute or scheme-relative reference, as browsers read it: `\` counts as `/` (URL Living Standard). */
const namesHost = /^(?:[a-z][a-z0-9+.-]*:|[/\\]{2})/i

/**
 * An address at the target's own origin, as the browser can follow it: on our origin, the target's path taken off and the
 * stripped prefix put back. Other hosts' addresses stay. It hides the upstream's name, too.
 */
export function originRelative(reference: string, addresses: AnswerAddresses): string {
  const { upstream, prefix } = addresses
  if (namesHost.test(reference)) {
    const url = URL.canParse(reference, upstream) ? new URL(reference, upstream) : undefined
    if (url?.origin !== upstream.origin) return reference
    return ourPath(url.pathname, addresses) + url.search + url.hash
  }
  if (prefix === undefined || !reference.startsWith('/')) return reference
  const [, path = '', rest = ''] = /^([^?#]*)(.*)$/.exec(reference) ?? []
  return ourPath(path, addresses) + rest
}

/** A path of the target's as one of ours. It never begins with two slashes: a browser would take the next word for a host. */
function ourPath(path: string, { basePath, prefix }: AnswerAddresses): string {
  const below = isBelow(path, basePath)
  const rest = below ? path.slice(basePath.length) : path
  const ours = below && prefix !== undefined ? prefix + (rest || '/') : rest
  return `/${ours.replace(/^[/\\\t]+/, '')}`
}

function isBelow(path: string, basePath: string): boolean {
  return path.startsWith(basePath) && (path.length === basePath.length || path[basePath.length] === '/')
}

/** A Set-Cookie of the target's for our origin: without the target's Domain, and with its Path where the browser sees it. */
export function ownPlace(setCookie: string, addresses: AnswerAddresses): string {
  const [pair = '', ...attributes] = setCookie.split(';')
  const placed = attributes.flatMap((attribute) => {
    const [name = '', value = ''] = attribute.split('=', 2).map((part) => part.trim())
    const kind = name.toLowerCase()
    if (kind === 'domain' && isDomainOf(value, addresses.upstream.hostname)) return []
    return kind === 'path' && value.startsWith('/') ? [` Path=${cookiePath(value, addresses)}`] : [attribute]
  })
  return [pair, ...placed].join(';')
}

function isDomainOf(domain: string, hostname: string): boolean {
  const plain = domain.replace(/^\./, '').toLowerCase()
  return plain === '' || hostname === plain || hostname.endsWith(`.${plain}`)
}

function cookiePath(path: string, addresses: AnswerAddresses): string {
  const { basePath, prefix } = addresses
  // It covers the target's whole path, and more that is not ours to give.
  if (basePath.startsWith(path)) return prefix ?? '/'
  return ourPath(path, addresses)
}
