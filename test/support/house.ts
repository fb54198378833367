import { createServer, type IncomingMessage, type Server } from 'node:http'
import { type Coatcheck, createCoatcheck } from '../../src/composition.ts'
import { type Browser, createWorld, type Page, type World } from '../../src/testing/world.ts'
import { freePort } from './ports.ts'

/** One coatcheck in a simulated world, with an API behind it that remembers what it was asked. */
export interface House {
  readonly world: World
  readonly coatcheck: Coatcheck
  readonly env: Readonly<Record<string, string>>
  readonly api: RecordingApi
  /** A new browser on it. */
  browser(): Browser
  close(): Promise<void>
}

export interface RecordingApi {
  readonly url: string
  readonly requests: readonly { readonly url: string; readonly headers: IncomingMessage['headers'] }[]
}

export interface HouseOptions {
  readonly providers?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

export async function openHouse({ providers = ['kakao'], env = {} }: HouseOptions = {}): Promise<House> {
  const world = await createWorld({ providers })
  const api = await startRecordingApi()
  const all = { ...world.env, API_URL: api.url, RATE_LIMIT: 'off', ...env }
  const coatcheck = await createCoatcheck({ env: all, now: world.now })
  return {
    world,
    coatcheck,
    env: all,
    api,
    browser: () => world.browser(coatcheck.app),
    async close() {
      await coatcheck.close()
      await world.close()
      api.server.closeAllConnections()
      api.server.close()
    },
  }
}

export async function startRecordingApi(): Promise<RecordingApi & { readonly server: Server }> {
  const requests: { url: string; headers: IncomingMessage['headers'] }[] = []
  const server = createServer((req, res) => {
    requests.push({ url: req.url ?? '', headers: req.headers })
    res.setHeader('Content-Type', 'application/json')
    res.end('{"from":"api"}')
  })
  const port = await freePort()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${port}`, requests, server }
}

let names = 0

/** A name that nobody in this process has taken. */
export function freshName(): string {
  names += 1
  return `name ${process.pid} ${names}`.slice(-20)
}

/** Signs a newcomer in and up; the answer to the sign-up. */
export async function signUp(browser: Browser, provider = 'kakao', nickname = freshName()): Promise<Page> {
  await browser.goto(`/auth/login/${provider}`)
  const page = await browser.fetch('/auth/signup', {
    method: 'POST',
    json: { nickname, characterName: 'Mira' },
  })
  if (page.status !== 201) throw new Error(`sign-up answered ${page.status}: ${page.text}`)
  return page
}

/** What `GET /auth/session` says. */
export async function sessionOf(browser: Browser): Promise<Record<string, unknown>> {
  return (await browser.fetch('/auth/session')).json()
}

/** The `state` of a login that stands before the consent page, with the provider's address. */
export async function beginLogin(browser: Browser, path: string): Promise<{ state: string; authorize: URL }> {
  const { hops } = await browser.goto(path, { click: false })
  const location = hops.find((hop) => hop.headers.location !== undefined)?.headers.location
  if (!location) throw new Error(`no redirect to a provider: ${hops.at(-1)?.status}`)
  const authorize = new URL(location)
  return { state: authorize.searchParams.get('state') ?? '', authorize }
}

/** Calls a callback by hand and says where it leads, without following. */
export async function callBack(
  browser: Browser,
  provider: string,
  query: Readonly<Record<string, string>> | string,
): Promise<{ status: number; location: string | undefined; setCookie: readonly string[] }> {
  const search = typeof query === 'string' ? query : new URLSearchParams(query).toString()
  const { hops } = await browser.fetch(`/auth/callback/${provider}?${search}`, {
    headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
  })
  const [first] = hops
  if (!first) throw new Error('no answer')
  const setCookie = first.headers['set-cookie'] ?? []
  return { status: first.status, location: first.headers.location, setCookie }
}
