import { createServer, type Server } from 'node:http'
import { createServer as createTcpServer, type Server as TcpServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { examine } from '../../src/examination.ts'
import { createWorld, type World } from '../../src/testing/world.ts'
import { type Collector, startCollector } from '../ops/collector.ts'
import { beginLogin, callBack, signUp } from '../support/house.ts'
import { freePort } from '../support/ports.ts'
import { type ServerProcess, startServer } from '../support/server-process.ts'
import { freshPrefix, redisUrl } from '../support/services.ts'

/** Secrets by where they were fed in: words that nothing else would say. */
const fed = new Map<string, string>()

/** A new secret for one path. */
function secret(path: string): string {
  const value = `Hidden${fed.size}q${Math.random().toString(36).slice(2)}Zz`
  fed.set(path, value)
  return value
}

/** The paths whose secrets stand in a text. */
const leaksIn = (text: string) => [...fed].filter(([, value]) => text.includes(value)).map(([path]) => path)

describe('a secret that is fed in', () => {
  let world: World
  let collector: Collector
  let server: ServerProcess
  let metrics: string
  const others: (Server | TcpServer)[] = []

  beforeAll(async () => {
    world = await createWorld({ providers: ['kakao', 'acme'] })
    collector = await startCollector()
    const opsPort = await freePort()
    const [broken, rude] = [await listening(brokenApi()), await listening(rudeApi())]
    server = await startServer({
      ...world.env,
      LOG_LEVEL: 'trace',
      RATE_LIMIT: 'off',
      OPS_PORT: String(opsPort),
      REDIS_URL: redisUrl(),
      REDIS_PREFIX: freshPrefix(),
      SESSION_SECRET: `${secret('SESSION_SECRET')}${'x'.repeat(32)}`,
      SERVICE_TOKEN_SECRET: `${secret('SERVICE_TOKEN_SECRET')}${'x'.repeat(32)}`,
      KAKAO_ADMIN_KEY: secret('KAKAO_ADMIN_KEY'),
      API_ROUTES: JSON.stringify([
        { path: '/api', target: `http://127.0.0.1:${rude}`, auth: 'optional', cookies: 'others' },
        { path: '/broken', target: `http://127.0.0.1:${broken}`, auth: 'none', csrf: false },
        { path: '/away', target: 'http://127.0.0.1:1', auth: 'none', csrf: false },
      ]),
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_BSP_SCHEDULE_DELAY: '50',
    })
    await hostileCallbacks()
    await hostileProviders()
    await hostileCallers()
    await badBodies()
    metrics = await (await fetch(`http://127.0.0.1:${opsPort}/metrics`)).text()
    await server.stop()
  }, 60_000)
  afterAll(async () => {
    await server.stop('SIGKILL')
    for (const other of others) other.close()
    collector.close()
    await world.close()
  })

  async function listening(other: Server | TcpServer): Promise<number> {
    const port = await freePort()
    others.push(other)
    await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve))
    return port
  }

  /** Answers nothing that HTTP allows, and names what it was told. */
  function brokenApi(): TcpServer {
    return createTcpServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', (data) => {
        const line = data.toString().split('\r\n')[0]
        socket.end(`HTTP/9.9 ${line} ${secret('an upstream that breaks HTTP')}\r\n\r\n`)
      })
    })
  }

  function rudeApi(): Server {
    return createServer((req, res) => {
      secretOf('the token for the API', req.headers.authorization)
      res.writeHead(500, {
        'set-cookie': `upstream=${secret("an upstream's cookie")}`,
        'www-authenticate': `Bearer error="${secret("an upstream's challenge")}"`,
        'x-debug': secret("an upstream's header"),
      })
      res.end(secret("an upstream's body"))
    })
  }

  function secretOf(path: string, header: string | undefined): void {
    const value = header?.replace(/^Bearer /, '')
    if (value) fed.set(path, value)
  }

  async function hostileCallbacks(): Promise<void> {
    const browser = world.browser()
    const { state } = await beginLogin(browser, `/auth/login/kakao?returnTo=/x?token=${secret('returnTo')}`)
    fed.set('state', state)
    await callBack(browser, 'kakao', { state, code: secret('code'), iss: secret('iss') })
    await callBack(browser, 'kakao', { state: secret('a state of nobody'), code: secret('another code') })
    const again = await beginLogin(browser, '/auth/login/acme')
    await callBack(browser, 'acme', {
      state: again.state,
      error: secret('error'),
      error_description: secret('error_description'),
      error_uri: `https://x.example/${secret('error_uri')}`,
    })
    await callBack(browser, 'acme', `code=${secret('code twice')}&code=${secret('code, the second')}&%`)
  }

  async function hostileProviders(): Promise<void> {
    const acme = world.provider('acme')
    const tell = (status: number, body: string, type = 'application/json') =>
      acme.fail('token', (res) => void res.writeHead(status, { 'content-type': type }).end(body))
    const answers: [number, string, string?][] = [
      [400, JSON.stringify({ error: 'invalid_grant', error_description: secret('token error text') })],
      [
        200,
        JSON.stringify({ access_token: secret('access token of an odd type'), token_type: secret('type') }),
      ],
      [
        200,
        JSON.stringify({
          access_token: secret('access token'),
          token_type: 'bearer',
          id_token: `eyJh.${secret('ID token')}.x`,
        }),
      ],
      [200, `{"access_token":"${secret('access token, cut off')}`],
      [500, `<h1>${secret('an error page')}</h1>`, 'text/html'],
      [302, secret('a redirect’s body')],
    ]
    for (const [status, body, type] of answers) {
      tell(status, body, type)
      await world.browser().goto('/auth/login/acme')
      acme.recover()
    }
    world
      .provider('kakao')
      .fail(
        'profile',
        (res) =>
          void res
            .writeHead(401, { 'www-authenticate': `Bearer ${secret('profile challenge')}` })
            .end(secret('profile body')),
      )
    await world.browser().goto('/auth/login/kakao')
    world.provider('kakao').recover()
  }

  async function hostileCallers(): Promise<void> {
    const origin = world.env['PUBLIC_URL'] as string
    const member = world.browser()
    await signUp(member)
    const headers = {
      authorization: `Bearer ${secret('a caller’s bearer token')}`,
      'proxy-authorization': `Basic ${secret('proxy credentials')}`,
      'x-api-key': secret('an API key'),
      cookie: `session=s%3A${secret('a forged ticket')}.x; other=${secret('another cookie')}; ${member
        .cookies('session')
        .map(({ name, value }) => `${name}=${value}`)}`,
      'x-request-id': `${secret('a request id with spaces')} x`,
      traceparent: secret('traceparent'),
      tracestate: `a=${secret('tracestate')}`,
      baggage: `a=${secret('baggage')}`,
      'user-agent': secret('user agent'),
      referer: `https://x.example/?code=${secret('referer')}`,
      'sec-fetch-site': 'same-origin',
    }
    for (const path of ['/api/x', '/broken/x', '/away/x', '/auth/session', '/deep/page', '/auth/nothing'])
      await fetch(`${origin}${path}?access_token=${secret(`query of ${path}`)}#x`, { headers })
    for (const { value } of member.cookies('session'))
      fed.set('ticket', decodeURIComponent(value).slice(2, 45))
    await member.fetch('/api/x', { method: 'POST', json: { password: secret('a body for the API') } })
    await fetch(`${origin}/auth/backchannel-logout/acme`, {
      method: 'POST',
      body: new URLSearchParams({ logout_token: `eyJhbGciOiJub25lIn0.${secret('logout token')}.` }),
    })
    await fetch(`${origin}/auth/webhooks/kakao`, {
      method: 'POST',
      headers: { authorization: `KakaoAK ${secret('a guessed admin key')}` },
      body: new URLSearchParams({ user_id: secret('a user id of a notice') }),
    })
  }

  async function badBodies(): Promise<void> {
    const browser = world.browser()
    world.provider('kakao').as('newcomer')
    await browser.goto('/auth/login/kakao')
    const post = (body: string) => browser.fetch('/auth/signup', { method: 'POST', json: JSON.parse(body) })
    await post(
      JSON.stringify({
        nickname: secret('a nickname that is too long').repeat(9),
        [secret('a field’s name')]: 1,
      }),
    )
    await post(JSON.stringify({ nickname: { password: secret('a password in a nickname') } }))
    const cookie = browser
      .cookies()
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ')
    const raw = {
      method: 'POST',
      headers: { cookie, 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' },
    }
    await fetch(`${world.env['PUBLIC_URL']}/auth/signup`, {
      ...raw,
      body: `{"password":"${secret('half a body')}`,
    })
  }

  it('went in by many ways', () => {
    expect(fed.size).toBeGreaterThan(50)
    expect(server.output().stdout.split('\n').length).toBeGreaterThan(30)
    expect(collector.spans.length).toBeGreaterThan(30)
  })

  it('stands in no log line', () => {
    const { stdout, stderr } = server.output()
    expect(leaksIn(stdout + stderr)).toEqual([])
  })

  it('stands in no span', () => expect(leaksIn(collector.received)).toEqual([]))

  it('stands in no metric', () => {
    expect(metrics).toContain('coatcheck_logins_total')
    expect(leaksIn(metrics)).toEqual([])
  })
})

describe('a configuration that is refused', () => {
  let world: World
  beforeAll(async () => {
    world = await createWorld({ providers: ['kakao'] })
  })
  afterAll(() => world.close())

  it.each<[string, Record<string, string>]>([
    ['a session secret that is too short', { SESSION_SECRET: 'Hidden-short' }],
    ['a token secret that is too short', { SERVICE_TOKEN_SECRET: 'Hidden-short' }],
    ['a Redis address with a password', { REDIS_URL: 'redis://user:Hidden-redis@127.0.0.1:notaport' }],
    ['a Redis address of no kind', { REDIS_URL: 'https://user:Hidden-redis@127.0.0.1' }],
    ['a database address of no kind', { DATABASE_URL: 'mysql://user:Hidden-database@127.0.0.1/x' }],
    ['a database address that is none', { DATABASE_URL: 'postgres://user:Hidden-database@:x:y/x' }],
    ['an API’s address with a password', { API_URL: 'http://user:Hidden-api@127.0.0.1:1' }],
    [
      'routes that are no JSON',
      { API_ROUTES: '[{"path":"/a","target":"http://user:Hidden-route@x","auth":}]' },
    ],
    ['a public address with a password', { PUBLIC_URL: 'https://user:Hidden-public@app.example' }],
    ['an exchange address with a password', { TOKEN_EXCHANGE_URL: 'http://user:Hidden-exchange@x.example/' }],
  ])('%s is named without what it holds', async (_what, wrong) => {
    const examined = await examine({ ...world.env, ...wrong })
    const { problems } = 'problems' in examined ? examined : { problems: [] }
    expect(problems.join('\n')).toContain(Object.keys(wrong)[0])
    expect([...problems, ...examined.warnings].join('\n')).not.toContain('Hidden')
  })
})
