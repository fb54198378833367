import type { IncomingMessage } from 'node:http'

/** Is this a person's browser opening a page? By Fetch Metadata where the browser sends it, else by what it accepts. */
export function isNavigation({ method, headers }: IncomingMessage): boolean {
  if (method !== 'GET') return false
  const mode = headers['sec-fetch-mode']
  return mode === undefined ? (headers.accept ?? '').includes('text/html') : mode === 'navigate'
}

/**
 * Where a navigation that arrived under another Host belongs: cookies live on the one public origin only.
 * undefined: it is there already, or is no navigation.
 */
export function publicUrl(
  req: IncomingMessage,
  publicOrigin: string,
  publicHost: string,
): string | undefined {
  const { url = '' } = req
  // An absolute-form target names a host of its own: refused elsewhere, never part of a Location.
  if (req.headers.host === publicHost || !url.startsWith('/') || !isNavigation(req)) return undefined
  return publicOrigin + url
}
