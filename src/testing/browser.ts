import type { IncomingHttpHeaders } from 'node:http'
import { createCookieJar, type StoredCookie } from './cookie-jar.ts'
import type { Exchange } from './http-exchange.ts'
import { follow, locationOf, maxHops, type Navigation, send } from './navigation.ts'

/** Who starts a navigation: the person typing, a page of the app (a link, `location =`), or a page of another site. */
export type Initiator = 'typed' | 'page' | 'elsewhere'

/** A browser without scripts: cookies, redirects, and what Chromium says of itself in Fetch Metadata. */
export interface Browser {
  /** The page that a navigation ended on. */
  readonly page: Page | undefined
  /**
   * Opens an address in the tab and follows where it leads, through consent pages too, where the provider's chosen persona
   * presses a button. By default the app's open page starts it; without one it was typed.
   */
  goto(target: string, options?: { readonly initiator?: Initiator; readonly click?: boolean }): Promise<Page>
  /** The page once more: a page reached from another site is asked for as from there again. */
  reload(): Promise<Page>
  /** As the app's page does it, same-origin; redirects are followed. */
  fetch(path: string, options?: FetchOptions): Promise<Page>
  /** Those of one name, or all that would go to the app. */
  cookies(name?: string): readonly StoredCookie[]
}

export interface FetchOptions {
  readonly method?: string
  readonly json?: unknown
  readonly form?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
}

export interface Page {
  readonly url: URL
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  json<T = unknown>(): T
  /** Every exchange on the way here, this one last. */
  readonly hops: readonly Exchange[]
}

export interface BrowserOptions {
  readonly publicUrl: URL
  readonly clock: () => number
  /** The button that the person of the provider at this origin presses. */
  readonly personaAt: (origin: string) => string | undefined
}

export function createBrowser({ publicUrl, clock, personaAt }: BrowserOptions): Browser {
  const jar = createCookieJar(clock)
  let page: (Page & { readonly initiator: URL | undefined }) | undefined

  async function navigate(first: Navigation): Promise<Page> {
    const { hops, initiator } = await follow(first, { jar, personaAt })
    page = { ...toPage(hops), initiator }
    return page
  }

  function initiatorOf(kind: Initiator | undefined): URL | undefined {
    if (kind === 'elsewhere') return new URL('http://elsewhere.example/')
    const onApp = page?.url.origin === publicUrl.origin
    return kind === 'typed' || (kind === undefined && !onApp) ? undefined : publicUrl
  }

  return {
    get page() {
      return page
    },
    goto: (target, options) =>
      navigate({
        url: new URL(target, publicUrl),
        initiator: initiatorOf(options?.initiator),
        click: options?.click ?? true,
      }),
    async reload() {
      if (!page) throw new Error('no page is open')
      return navigate({ url: page.url, initiator: page.initiator, click: true })
    },
    async fetch(path, { method = 'GET', json, form, headers } = {}) {
      const hops: Exchange[] = []
      let url = new URL(path, publicUrl)
      let verb = method
      let body = json === undefined ? form && String(new URLSearchParams(form)) : JSON.stringify(json)
      const type = json === undefined ? 'application/x-www-form-urlencoded' : 'application/json'
      while (hops.length < maxHops) {
        const cookie = jar.header({ url, sameSite: true, topLevelSafe: false })
        const hop = await send(jar, {
          url,
          method: verb,
          body,
          headers: {
            'sec-fetch-site': 'same-origin',
            'sec-fetch-mode': 'cors',
            'sec-fetch-dest': 'empty',
            ...(!isSafe(verb) && { origin: publicUrl.origin }),
            ...(body !== undefined && { 'content-type': type }),
            ...(cookie !== undefined && { cookie }),
            ...headers,
          },
        })
        hops.push(hop)
        const next = locationOf(hop)
        if (!next || next.origin !== publicUrl.origin) break
        if (hop.status !== 307 && hop.status !== 308) [verb, body] = ['GET', undefined]
        url = next
      }
      return toPage(hops)
    },
    cookies: (name) =>
      jar.all().filter((one) => one.host === publicUrl.hostname && (name === undefined || one.name === name)),
  }
}

function isSafe(method: string): boolean {
  return method === 'GET' || method === 'HEAD'
}

function toPage(hops: readonly Exchange[]): Page {
  const last = hops.at(-1)
  if (!last) throw new Error('nothing was asked')
  const { url, status, headers, body } = last
  return { url, status, headers, text: body, json: <T>() => JSON.parse(body) as T, hops }
}
