import type { CookieJar } from './cookie-jar.ts'
import { type Exchange, exchange } from './http-exchange.ts'

/** More redirects than any login has. */
export const maxHops = 20

/** A person's or a page's wish to go somewhere. */
export interface Navigation {
  readonly url: URL
  /** undefined: the person typed it. */
  readonly initiator: URL | undefined
  readonly click: boolean
}

/**
 * Redirects keep the navigation's initiator: SameSite is judged by it, Sec-Fetch-Site by every address on the way as well.
 * A button on a consent page starts a new navigation, with that page as its initiator (measured in Chromium).
 */
export async function follow(
  { url: first, initiator: starter, click }: Navigation,
  { jar, personaAt }: { jar: CookieJar; personaAt: (origin: string) => string | undefined },
): Promise<{ hops: readonly Exchange[]; initiator: URL | undefined }> {
  const hops: Exchange[] = []
  let initiator = starter
  let chain: URL[] = []
  let form: string | undefined
  let url = first
  while (hops.length < maxHops) {
    chain.push(url)
    const method = form === undefined ? 'GET' : 'POST'
    const cookie = jar.header({
      url,
      sameSite: initiator === undefined || initiator.hostname === url.hostname,
      topLevelSafe: form === undefined,
    })
    const hop = await send(jar, {
      url,
      method,
      body: form,
      headers: {
        'sec-fetch-site': siteOf(initiator, chain),
        'sec-fetch-mode': 'navigate',
        'sec-fetch-dest': 'document',
        'sec-fetch-user': '?1',
        accept: 'text/html,application/xhtml+xml,*/*;q=0.8',
        ...(form !== undefined && {
          origin: initiator?.origin ?? 'null',
          'content-type': 'application/x-www-form-urlencoded',
        }),
        ...(cookie !== undefined && { cookie }),
      },
    })
    hops.push(hop)
    const next = locationOf(hop)
    form = undefined
    if (next) {
      url = next
      continue
    }
    const persona = hop.headers['x-simulated-page'] === 'consent' ? personaAt(url.origin) : undefined
    if (!click || persona === undefined) break
    ;[initiator, chain, form] = [url, [], String(new URLSearchParams({ persona }))]
    url = new URL(actionOf(hop.body), url)
  }
  return { hops, initiator }
}

/** W3C Fetch Metadata §2.4: `none` without an initiator; else the farthest of all addresses on the way. */
function siteOf(initiator: URL | undefined, chain: readonly URL[]): string {
  if (!initiator) return 'none'
  if (chain.some((url) => url.hostname !== initiator.hostname)) return 'cross-site'
  return chain.every((url) => url.origin === initiator.origin) ? 'same-origin' : 'same-site'
}

/** One exchange, its cookies kept. */
export async function send(jar: CookieJar, outgoing: Parameters<typeof exchange>[0]): Promise<Exchange> {
  const hop = await exchange(outgoing)
  for (const cookie of hop.headers['set-cookie'] ?? []) jar.store(cookie, outgoing.url)
  return hop
}

/** Where an answer leads, if it is a redirect. */
export function locationOf({ status, headers, url }: Exchange): URL | undefined {
  if (status < 300 || status > 399 || headers.location === undefined) return undefined
  const next = new URL(headers.location, url)
  // RFC 9110 §10.2.2: a fragment survives a redirect that names none.
  if (next.hash === '') next.hash = url.hash
  return next
}

function actionOf(page: string): string {
  const action = /<form method="post" action="([^"]*)"/.exec(page)?.[1] ?? ''
  return action.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))
}
