import type { IncomingMessage } from 'node:http'

/** Is this a person's browser opening a page? By Fetch Metadata where the browser sends it, else by what it accepts. */
export function isNavigation({ method, headers }: IncomingMessage): boolean {
  if (method !== 'GET') return false
  const mode = headers['sec-fetch-mode']
  return mode === undefined ? (headers.accept ?? '').includes('text/html') : mode === 'navigate'
}

/** What becomes of a request under another Host: the URL to send it to, or a refusal. */
export type Elsewhere = string | typeof misdirected
/** RFC 9110 §15.5.20: this server does not answer for that name. */
export const misdirected = Symbol('misdirected')

export interface PublicHost {
  /** undefined: the request is where it belongs. */
  elsewhere(req: IncomingMessage): Elsewhere | undefined
}

/** Other servers call these, by names of their own: probes, APIs that fetch our keys, providers' notices. */
const calledByServers = /^\/(?:healthz$|readyz$|\.well-known\/|auth\/webhooks\/|auth\/backchannel-logout\/)/

/**
 * Everything else is served under the Host of PUBLIC_URL alone: a name of an attacker that resolves to this server
 * (DNS rebinding) is another origin to the browser, and gets nothing.
 */
export function createPublicHost({ origin, host }: { origin: string; host: string }): PublicHost {
  const secure = origin.startsWith('https:')
  const ours = canonical(host, secure)

  return {
    elsewhere(req) {
      const { headers, url = '' } = req
      if (headers.host === host) return undefined
      if (canonical(headers.host, secure) === ours) return undefined
      if (calledByServers.test(url.split('?', 1)[0] as string)) return undefined
      // Two Hosts, or a target that is no path (absolute-form names a host of its own): refused as malformed further on,
      // or here, but never part of a Location.
      if (!url.startsWith('/') || !isNavigation(req)) return misdirected
      // A proxy in front rewrote Host, and the browser is at PUBLIC_URL already: it would be sent round in a circle.
      const asked = headers['x-forwarded-host']?.toString().split(',', 1)[0]?.trim()
      return canonical(asked, secure) === ours ? misdirected : origin + url
    },
  }
}

/** RFC 9110 §4.2.3: case and the scheme's default port say nothing; nor does the final dot of a DNS name. */
function canonical(host: string | undefined, secure: boolean): string | undefined {
  if (host === undefined) return undefined
  const [, name, port] = /^(.*?)\.?(?::(\d*))?$/.exec(host.toLowerCase()) ?? []
  return port === undefined || port === '' || Number(port) === (secure ? 443 : 80)
    ? name
    : `${name}:${Number(port)}`
}
