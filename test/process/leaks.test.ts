import { createServer, type Server } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Browser, createWorld, type Page, type World } from '../../src/testing/world.ts'
import { freshName } from '../support/house.ts'
import { freePort } from '../support/ports.ts'
import { type ServerProcess, startServer } from '../support/server-process.ts'
import { freshDatabase, freshPrefix, redisUrl } from '../support/services.ts'

const providers = ['kakao', 'naver', 'google', 'acme']

/** The beginning of a JWT, or of a part of one. Inside something sealed, chance writes the same three letters now and then. */
const jwt = /(?<![\w-])eyJ[\w-]{10,}/

describe('over the whole story with every provider', () => {
  let world: World
  let server: ServerProcess
  let api: Server
  /** What must never be seen, by what it is. */
  const secrets = new Map<string, string>()
  const tickets = new Set<string>()
  /** Every byte that a browser got. */
  let seen = ''

  beforeAll(async () => {
    world = await createWorld({ providers })
    const apiPort = await freePort()
    api = createServer((req, res) => {
      const token = req.headers.authorization?.replace('Bearer ', '')
      if (token) secrets.set(token, 'service token')
      res.end('{}')
    }).listen(apiPort, '127.0.0.1')
    const env = {
      ...world.env,
      REDIS_URL: redisUrl(),
      REDIS_PREFIX: freshPrefix(),
      DATABASE_URL: await freshDatabase(),
      API_URL: `http://127.0.0.1:${apiPort}`,
      LOG_LEVEL: 'trace',
    }
    for (const [name, value] of Object.entries(env)) if (name.endsWith('_SECRET')) secrets.set(value, name)
    server = await startServer(env)
    for (const provider of providers) await tellTheStory(provider)
    for (const provider of providers) collectSecrets(provider)
    await server.stop()
  }, 60_000)
  afterAll(async () => {
    await world.close()
    api.close()
  })

  async function tellTheStory(provider: string): Promise<void> {
    const browser = world.browser()
    const simulated = world.provider(provider)
    await look(browser, () => browser.goto(`/auth/login/${provider}?returnTo=/deep`))
    const json = { nickname: freshName(), characterName: 'Mira' }
    await look(browser, () => browser.fetch('/auth/signup', { method: 'POST', json }))
    const paths = [
      '/auth/session',
      '/api/notes',
      '/auth/sessions',
      '/auth/identities',
      '/auth/providers',
      '/nothing',
    ]
    for (const path of paths) await look(browser, () => browser.fetch(path))
    await look(browser, () =>
      browser.fetch('/auth/user', { method: 'PATCH', json: { characterName: 'Noor' } }),
    )
    await look(browser, () => browser.fetch('/api/notes', { method: 'POST', json: { text: 'x' } }))
    await look(browser, () => browser.fetch('/auth/logout', { method: 'POST', json: { provider: true } }))
    simulated.as('returning')
    await look(browser, () => browser.goto(`/auth/login/${provider}`))
    simulated.as('deny')
    await look(browser, () => browser.goto(`/auth/login/${provider}`))
    simulated.as('newcomer')
    // An error description that carries a code and a token, as Kakao's does.
    simulated.fail('token', (res) => {
      res.writeHead(400, { 'content-type': 'application/json' })
      res.end('{"error":"invalid_grant","error_description":"code=secret-in-a-description not found"}')
    })
    secrets.set('secret-in-a-description', 'description')
    await look(browser, () => browser.goto(`/auth/login/${provider}`))
    simulated.recover()
    await look(browser, () => browser.fetch('/auth/account', { method: 'DELETE' }))
  }

  async function look(browser: Browser, act: () => Promise<Page>): Promise<void> {
    const page = await act()
    const ours = page.hops.filter(({ url }) => url.port === world.env['PORT'])
    for (const { headers, body } of ours) seen += `${JSON.stringify(headers)}\n${body}\n`
    for (const { value } of browser.cookies('session')) tickets.add(decodeURIComponent(value).slice(2, 45))
  }

  function collectSecrets(provider: string): void {
    for (const { form, headers, endpoint } of world.provider(provider).requests) {
      for (const name of ['code', 'code_verifier', 'client_secret', 'refresh_token', 'token']) {
        const value = form.get(name)
        if (value) secrets.set(value, `${provider} ${name}`)
      }
      const bearer = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1]
      if (bearer) secrets.set(bearer, `${provider} access token at ${endpoint}`)
    }
  }

  it('there were secrets of every kind to look for', () => {
    const kinds = [...secrets.values()].join('\n')
    for (const kind of [
      'service token',
      'code',
      'code_verifier',
      'client_secret',
      'access token',
      'SESSION_SECRET',
    ]) {
      expect(kinds).toContain(kind)
    }
    expect(tickets.size).toBeGreaterThanOrEqual(providers.length)
    expect(seen.length).toBeGreaterThan(10_000)
  })

  it('the browser never got one of them', () => {
    const found = [...secrets].filter(([value]) => seen.includes(value)).map(([, kind]) => kind)
    expect(found).toEqual([])
    // No JWT of anybody's, whole or in parts.
    expect(seen).not.toMatch(jwt)
  })

  it('no log line holds one of them, nor a ticket', () => {
    const { stdout, stderr } = server.output()
    const log = stdout + stderr
    expect(log.split('\n').length).toBeGreaterThan(50)
    const found = [...secrets].filter(([value]) => log.includes(value)).map(([, kind]) => kind)
    expect(found).toEqual([])
    expect([...tickets].filter((ticket) => log.includes(ticket))).toEqual([])
    expect(log).not.toMatch(jwt)
  })
})
