import { mkdtempSync, rmSync } from 'node:fs'
import {
  Agent,
  createServer,
  type IncomingMessage,
  type RequestListener,
  request,
  type Server,
} from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Coatcheck, createCoatcheck } from '../../src/composition.ts'
import { createWorld, type World } from '../../src/testing/world.ts'
import { startChromium } from '../browser/chromium.ts'
import type { Edge } from '../support/edges.ts'
import { signUp } from '../support/house.ts'
import { freePort } from '../support/ports.ts'
import { startCachingApache, startCachingNginx } from '../support/shared-caches.ts'

/*
 * 50 people and strangers ──> a cache that keeps what it may ──> coatcheck ──> an API that answers as frameworks do
 */

/** What frameworks send by default, or by the first page of their caching guide. */
const frameworks: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'django-rest': {
    Vary: 'Accept, Cookie',
    Allow: 'GET, HEAD, OPTIONS',
    'X-Frame-Options': 'DENY',
    'Referrer-Policy': 'same-origin',
  },
  'django-cached': { 'Cache-Control': 'max-age=600', Vary: 'Authorization', Expires: inAnHour() },
  express: { 'X-Powered-By': 'Express' },
  spring: {
    'Cache-Control': 'no-cache, no-store, max-age=0, must-revalidate',
    Pragma: 'no-cache',
    Expires: '0',
    Vary: 'Origin, Access-Control-Request-Method',
  },
  rails: { 'Cache-Control': 'max-age=0, private, must-revalidate', Vary: 'Accept' },
  fastapi: { server: 'uvicorn' },
  laravel: { 'Cache-Control': 'no-cache, private' },
  'asp.net': { 'Cache-Control': 'public,max-age=60', Vary: 'Accept-Encoding' },
  expiring: { Expires: inAnHour(), 'Last-Modified': 'Mon, 01 Jan 2024 00:00:00 GMT' },
  revalidated: { 'Cache-Control': 'max-age=1, must-revalidate' },
  shared: { 'Cache-Control': 's-maxage=60' },
}

function inAnHour(): string {
  return new Date(Date.now() + 3_600_000).toUTCString()
}

/** Says who is asking, in body and header, with the framework's headers; `/…/free/…` says the same to all. */
const api: RequestListener = (req, res) => {
  const [, payload] = (req.headers.authorization ?? '').split('.')
  const who = payload ? JSON.parse(Buffer.from(payload, 'base64url').toString()).sub : 'stranger'
  const framework = (req.url ?? '').split('/').at(-1) ?? ''
  for (const [name, value] of Object.entries(frameworks[framework] ?? {})) res.setHeader(name, value)
  res.setHeader('ETag', `"${who}"`)
  res.setHeader('X-Who', who)
  res.setHeader('Content-Type', 'application/json')
  res.statusCode = req.headers['if-none-match'] === `"${who}"` ? 304 : 200
  res.end(JSON.stringify({ who }))
}

let world: World
let upstream: Server
let coatcheck: Coatcheck
let server: Server
let appPort: number
const people: { readonly who: string; readonly cookie: string }[] = []

beforeAll(async () => {
  world = await createWorld({ providers: ['kakao'] })
  upstream = createServer(api)
  const target = `http://127.0.0.1:${await listen(upstream, await freePort())}`
  const routes = [
    { path: '/api', target },
    { path: '/feed', target, auth: 'optional' },
    { path: '/free', target, auth: 'none' },
  ]
  coatcheck = await createCoatcheck({
    env: { ...world.env, API_ROUTES: JSON.stringify(routes), RATE_LIMIT: 'off' },
    now: world.now,
  })
  server = createServer(coatcheck.app)
  appPort = await listen(server, Number(world.env['PORT']))
  for (let count = 0; count < 50; count += 1) {
    const desk = world.provider('kakao')
    desk.as(desk.newPerson())
    const browser = world.browser()
    const { id } = (await signUp(browser)).json<{ user: { id: string } }>().user
    people.push({ who: id, cookie: `session=${browser.cookies('session')[0]?.value}` })
  }
})
afterAll(async () => {
  for (const one of [server, upstream]) {
    one?.closeAllConnections()
    one?.close()
  }
  await coatcheck?.close()
  await world?.close()
})

async function listen(one: Server, port: number): Promise<number> {
  await new Promise<void>((resolve) => one.listen(port, '127.0.0.1', resolve))
  return port
}

interface Asking {
  readonly port: number
  readonly path: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly agent?: Agent
}

interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly text: string
}

function ask({ port, path, method = 'GET', headers = {}, agent }: Asking): Promise<Answer> {
  const host = new URL(world.env['PUBLIC_URL'] as string).host
  return new Promise((resolve, reject) => {
    const options = { port, path, method, headers: { host, 'sec-fetch-site': 'same-origin', ...headers } }
    request({ ...options, host: '127.0.0.1', ...(agent && { agent }) }, (res) => {
      let text = ''
      res.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
      })
      res.once('end', () => resolve({ status: res.statusCode ?? 0, headers: res.headers, text }))
    })
      .once('error', reject)
      .end()
  })
}

/** The cache serves when it serves anything at all. */
async function serving(port: number, edge: Edge): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    const answer = await ask({ port, path: '/healthz' }).catch(() => undefined)
    if (answer?.status === 200) return
    await sleep(50)
  }
  throw new Error(`the cache does not serve: ${edge.said()}`)
}

describe.each([
  ['nginx with proxy_cache', startCachingNginx],
  ['Apache with mod_cache', startCachingApache],
] as const)('behind %s', (_name, start) => {
  const folder = mkdtempSync(join(tmpdir(), 'coatcheck-cache-'))
  let edge: Edge
  let port: number
  const agent = new Agent({ keepAlive: true, maxSockets: 20 })

  beforeAll(async () => {
    port = await freePort()
    edge = start({ folder, port, app: appPort })
    await serving(port, edge)
  })
  afterAll(async () => {
    agent.destroy()
    await edge?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  it('what is for all is kept and given to all', async () => {
    const kept = async () => {
      const { headers } = await ask({ port, path: '/free/asp.net' })
      return /hit/i.test(String(headers['x-cache'] ?? ''))
    }
    await kept()
    expect(await kept()).toBe(true)
  })

  it('none of 10,000 answers is of another user', async () => {
    const names = Object.keys(frameworks)
    const wrong: string[] = []
    const seen = new Map<string, number>()
    let turn = 0
    async function caller(): Promise<void> {
      while (turn < 10_000) {
        turn += 1
        // Two steps that share no divisor with 50: everybody meets everything.
        const person = turn % 7 === 0 ? undefined : people[(turn * 13) % people.length]
        const framework = names[turn % names.length] as string
        const path = `${turn % 3 === 0 ? '/api' : '/feed'}/${framework}`
        const method = turn % 5 === 0 ? 'HEAD' : 'GET'
        const headers = {
          ...(person && { cookie: person.cookie }),
          ...(turn % 4 === 0 && { 'if-none-match': `"${person?.who ?? 'stranger'}"` }),
        }
        const { status, headers: got, text } = await ask({ port, path, method, headers, agent })
        const cache = String(got['x-cache'] ?? '').split(' ')[0]
        seen.set(`${status} ${cache}`, (seen.get(`${status} ${cache}`) ?? 0) + 1)
        if (status === 401 && !person && path.startsWith('/api')) continue
        const expected = person?.who ?? 'stranger'
        const bodyFits = method === 'HEAD' || status === 304 || JSON.parse(text).who === expected
        if (![200, 304].includes(status) || (got['x-who'] ?? expected) !== expected || !bodyFits)
          wrong.push(`${method} ${path} as ${expected}: ${status} ${got['x-who']} ${text} ${cache}`)
      }
    }
    await Promise.all(Array.from({ length: 20 }, caller))
    expect(wrong).toEqual([])
    // It was a cache that was tested: some answers came from it, others had to be asked for.
    expect([...seen.keys()].join()).toMatch(/HIT/)
    expect([...seen.keys()].join()).toMatch(/304/)
  })
})

describe('in one Chromium', () => {
  it('A reads and leaves, B comes, then a stranger: each gets the answer to their own question', async () => {
    const chromium = await startChromium()
    try {
      const context = await chromium.newContext()
      const page = await context.newPage()
      const url = world.env['PUBLIC_URL'] as string
      await page.goto(`${url}/healthz`)
      const come = async (person: (typeof people)[number] | undefined) => {
        await context.clearCookies()
        if (!person) return
        const [name = '', value = ''] = person.cookie.split('=')
        await context.addCookies([{ name, value, url, httpOnly: true, sameSite: 'Strict' }])
      }
      const read = (path: string) =>
        page.evaluate(async (target) => {
          const res = await fetch(target)
          return res.ok ? (await res.json()).who : res.status
        }, path)
      const [a, b] = people
      const got: unknown[] = []
      const due: unknown[] = []
      for (const [turn, framework] of Object.keys(frameworks).entries()) {
        for (const person of turn % 2 ? [a, b, undefined, a] : [undefined, a, b, undefined]) {
          await come(person)
          for (const path of [`/feed/${framework}`, `/api/${framework}`, `/feed/${framework}`]) {
            got.push([path, await read(path)])
            due.push([path, person?.who ?? (path.startsWith('/api') ? 401 : 'stranger')])
          }
        }
      }
      expect(got).toEqual(due)
    } finally {
      await chromium.close()
    }
  })
})
