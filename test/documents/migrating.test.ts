import { readdirSync, readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { variable } from '../../src/config/variables.ts'
import { onLoopback, problemsOf } from '../config/environment.ts'
import { type House, openHouse, signUp } from '../support/house.ts'
import { freePort } from '../support/ports.ts'

const docs = join(import.meta.dirname, '../../docs')
const migrating = readdirSync(join(docs, 'migrating')).map((name) => join('migrating', name))
const read = (page: string) => readFileSync(join(docs, page), 'utf8')
const blocks = (page: string, language: string) =>
  [...read(page).matchAll(new RegExp(`^ *\`\`\`${language}\\n([\\s\\S]*?)^ *\`\`\`$`, 'gm'))].map(
    ([, text = '']) => text,
  )

describe('what the documents tell people to set', () => {
  const routes = migrating.flatMap((page) => blocks(page, 'json').map((json) => [page, json] as const))

  it('has routes to try', () => expect(routes.length).toBeGreaterThanOrEqual(2))

  it.each(routes)('%s: routes that a start takes', (_, json) => {
    expect(problemsOf({ ...onLoopback, API_ROUTES: json })).toEqual([])
  })

  it.each(['getting-started.md', ...migrating])('%s: variables that exist', (page) => {
    const names = blocks(page, 'sh').flatMap((text) =>
      [...text.matchAll(/^ *#?([A-Z][A-Z0-9_]+)=/gm)].map(([, name]) => name as string),
    )
    expect(names.filter((name) => variable(name) === undefined)).toEqual([])
  })
})

/*
 * browser ──> coatcheck ──/api──> API
 *                       ──/────> the old server, its login and its cookies included
 */
describe('docs/migrating/README.md: one in front of the other', () => {
  let house: House
  let old: Server
  const seen: IncomingMessage[] = []
  beforeAll(async () => {
    const port = await freePort()
    old = createServer((req, res) => {
      seen.push(req)
      res.setHeader('set-cookie', ['_oauth2_proxy=old; Path=/; HttpOnly', 'session=stolen; Path=/'])
      res.setHeader('content-type', 'text/html').end('<script>old()</script>')
    })
    await new Promise<void>((resolve) => old.listen(port, '127.0.0.1', resolve))
    const [json = ''] = blocks('migrating/README.md', 'json')
    const routes = json.replace(/http:\/\/old\.internal:\d+/, `http://127.0.0.1:${port}`)
    house = await openHouse({ env: { API_ROUTES: routes, API_URL: '' } })
  })
  afterAll(async () => {
    await house.close()
    old.closeAllConnections()
    old.close()
  })

  it('the old server keeps its pages, its cookies and its callbacks, and never sees ours', async () => {
    const browser = house.browser()
    await signUp(browser)
    const page = await browser.fetch('/reports')
    expect({ status: page.status, text: page.text }).toEqual({ status: 200, text: '<script>old()</script>' })
    // As its scripts may run again.
    expect(page.headers['content-security-policy']).toBeUndefined()
    expect(browser.cookies('_oauth2_proxy')[0]?.value).toBe('old')
    expect(browser.cookies('session')[0]?.value).not.toBe('stolen')
    const crossSite = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }
    const callback = await browser.fetch('/oauth2/callback?code=x', { headers: crossSite })
    expect(callback.status).toBe(200)
    const { url, headers } = seen.at(-1) as IncomingMessage
    expect(url).toBe('/oauth2/callback?code=x')
    expect(headers.cookie).toBe('_oauth2_proxy=old')
    expect(headers['x-forwarded-host']).toBe(new URL(house.env['PUBLIC_URL'] ?? '').host)
    expect(headers.authorization).toBeUndefined()
  })

  it('ours are ours', async () => {
    const session = await house.browser().fetch('/auth/session')
    expect(session.json()).toEqual({ state: 'anonymous' })
  })
})
