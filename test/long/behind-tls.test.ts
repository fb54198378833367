import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, request as overHttp, type Server } from 'node:http'
import { request as overTls } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { WebSocket, WebSocketServer } from 'ws'
import { type Coatcheck, createCoatcheck } from '../../src/composition.ts'
import { type Simulators, startSimulators } from '../../src/testing/simulators.ts'
import { type Edge, startCaddy, startNginx } from '../support/edges.ts'
import { freePort } from '../support/ports.ts'

/*
 * client ──TLS──> nginx or Caddy, with the configuration of deploy/ ──> coatcheck ──> API
 */

const folder = mkdtempSync(join(tmpdir(), 'coatcheck-tls-'))
const tls = { certificate: join(folder, 'certificate.pem'), key: join(folder, 'key.pem') }

beforeAll(() => {
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
  const files = ['-keyout', tls.key, '-out', tls.certificate]
  execFileSync('openssl', ['req', '-x509', ...ec, ...names, ...files], { stdio: 'ignore' })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Asking {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Any 127.x.y.z is this machine: a client's own address. */
  readonly from?: string
}

interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly text: string
}

/** One request, without following anywhere. */
function ask(url: string, { method = 'GET', headers = {}, body, from }: Asking = {}): Promise<Answer> {
  const options = { method, headers, agent: false, ...(from !== undefined && { localAddress: from }) }
  const { protocol } = new URL(url)
  return new Promise((resolve, reject) => {
    const done = (res: IncomingMessage) => {
      let text = ''
      res.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
      })
      res.once('end', () => resolve({ status: res.statusCode ?? 0, headers: res.headers, text }))
    }
    const sent =
      protocol === 'https:'
        ? overTls(url, { ...options, ca: readFileSync(tls.certificate) }, done)
        : overHttp(url, options, done)
    sent.once('error', reject).end(body)
  })
}

/** What somebody says who wants to be taken for another, on another host. */
const spoofed = {
  'x-forwarded-for': '203.0.113.66',
  'x-forwarded-proto': 'gopher',
  'x-forwarded-host': 'evil.example',
  'x-forwarded-port': '666',
  'x-real-ip': '203.0.113.66',
  forwarded: 'for=203.0.113.66;host=evil.example;proto=gopher',
}

describe.each([
  ['nginx', startNginx],
  ['Caddy', startCaddy],
])('behind %s', (_, start) => {
  let origin: string
  /** coatcheck itself: as somebody reaches it who gets around the edge. */
  let direct: string
  let plain: string
  let providers: Simulators
  let coatcheck: Coatcheck
  let app: Server
  let api: Server
  let edge: Edge
  const seen: IncomingMessage['headers'][] = []

  beforeAll(async () => {
    const [http, https, appPort, apiPort] = await Promise.all([
      freePort(),
      freePort(),
      freePort(),
      freePort(),
    ])
    origin = `https://localhost:${https}`
    direct = `http://127.0.0.1:${appPort}`
    plain = `http://127.0.0.1:${http}`
    providers = await startSimulators({ providers: ['google'], publicUrl: origin })
    api = createServer((req, res) => {
      seen.push(req.headers)
      res.end('from the API')
    })
    new WebSocketServer({ server: api }).on('connection', (socket) =>
      socket.on('message', (data) => socket.send(`echo ${data}`)),
    )
    await new Promise<void>((resolve) => api.listen(apiPort, '127.0.0.1', resolve))
    const data = mkdtempSync(join(folder, 'data-'))
    const target = `http://127.0.0.1:${apiPort}`
    coatcheck = await createCoatcheck({
      env: {
        ...providers.env,
        PUBLIC_URL: origin,
        DATA_DIR: data,
        SESSION_SECRET: randomBytes(32).toString('hex'),
        TRUST_PROXY: '127.0.0.1',
        RATE_LIMIT: '5/1m',
        LOG_LEVEL: 'silent',
        API_ROUTES: JSON.stringify([
          { path: '/open', target, auth: 'none', csrf: false },
          { path: '/api', target },
        ]),
      },
    })
    app = createServer(coatcheck.app)
    app.on('upgrade', coatcheck.upgrade)
    await new Promise<void>((resolve) => app.listen(appPort, '127.0.0.1', resolve))
    const place = mkdtempSync(join(folder, 'edge-'))
    mkdirSync(join(place, 'data'))
    edge = start({ folder: place, http, https, apps: [appPort], tls })
    await answering()
  })
  afterAll(async () => {
    await edge.stop()
    await coatcheck.close()
    await providers.close()
    for (const server of [app, api]) {
      server.closeAllConnections()
      server.close()
    }
  })
  beforeEach(() => void seen.splice(0))

  async function answering(): Promise<void> {
    for (const deadline = Date.now() + 15_000; Date.now() < deadline; await sleep(50))
      if ((await ask(`${origin}/readyz`).catch(() => undefined))?.status === 200) return
    throw new Error(`it did not answer: ${edge.said().slice(-2000)}`)
  }

  const cookieIn = ({ headers }: Answer, name: RegExp) =>
    headers['set-cookie']?.find((line) => name.test(line)) ?? ''
  const bare = (cookie: string) => cookie.split(';')[0] ?? ''

  /** Signs in with Google and up; the session's cookie as it was set. */
  async function signUp(from: string): Promise<string> {
    providers.all.get('google')?.as('newcomer', { atOnce: true })
    const login = await ask(`${origin}/auth/login/google`, { from })
    const consent = await ask(login.headers.location ?? '')
    const cookie = bare(cookieIn(login, /^__Host-login-/))
    const back = await ask(consent.headers.location ?? '', { from, headers: { cookie } })
    const registering = bare(cookieIn(back, /^__Host-session=/))
    const headers = { cookie: registering, origin, 'content-type': 'application/json' }
    const body = JSON.stringify({ nickname: `n${randomBytes(5).toString('hex')}`, characterName: 'Mira' })
    const signedUp = await ask(`${origin}/auth/signup`, { method: 'POST', headers, body, from })
    if (signedUp.status !== 201) throw new Error(`sign-up: ${signedUp.status} ${signedUp.text}`)
    return cookieIn(signedUp, /^__Host-session=/)
  }

  it('cookies are Secure, bound to the host, and sign in', async () => {
    const login = await ask(`${origin}/auth/login/google`, { from: '127.0.1.1' })
    expect(login.status).toBe(302)
    const cookies = [cookieIn(login, /^__Host-login-/), await signUp('127.0.1.2')]
    for (const cookie of cookies) {
      expect(cookie).toMatch(/^__Host-[^;]+(?=.*; Path=\/(;|$))(?=.*; HttpOnly)(?=.*; Secure)/)
      expect(cookie).not.toMatch(/domain/i)
    }
    expect(cookies[1]).toMatch(/; SameSite=Strict/)
    const session = await ask(`${origin}/auth/session`, { headers: { cookie: bare(cookies[1] as string) } })
    expect(JSON.parse(session.text)).toMatchObject({ state: 'member', provider: 'google' })
  })

  it('browsers are told to come by https only', async () => {
    const { headers } = await ask(`${origin}/auth/session`)
    const [, seconds] = /^max-age=(\d+)/.exec(headers['strict-transport-security'] ?? '') ?? []
    expect(Number(seconds)).toBeGreaterThanOrEqual(31_536_000)
  })

  it('the API hears the client’s own address', async () => {
    const { status, text } = await ask(`${origin}/open/x`, { from: '127.0.2.1' })
    expect({ status, text }).toEqual({ status: 200, text: 'from the API' })
    expect(seen[0]).toMatchObject({
      'x-forwarded-for': '127.0.2.1, 127.0.0.1',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': new URL(origin).host,
    })
  })

  it('what a client says of itself reaches nobody', async () => {
    await ask(`${origin}/open/x`, { from: '127.0.2.2', headers: spoofed })
    expect(seen[0]).toMatchObject({
      'x-forwarded-for': '127.0.2.2, 127.0.0.1',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': new URL(origin).host,
    })
    expect(JSON.stringify(seen)).not.toMatch(/203\.0\.113|evil|gopher|666/)
    const login = await ask(`${origin}/auth/login/google`, { from: '127.0.2.2', headers: spoofed })
    const back = new URL(login.headers.location ?? '').searchParams.get('redirect_uri')
    expect(back).toBe(`${origin}/auth/callback/google`)
  })

  it('the rate limit counts the client’s own address, whatever it says', async () => {
    const login = (from: string, last: number) =>
      ask(`${origin}/auth/login/google`, {
        from,
        headers: { ...spoofed, 'x-forwarded-for': `203.0.113.${last}` },
      })
    const statuses: number[] = []
    for (let count = 0; count < 6; count += 1) statuses.push((await login('127.0.3.1', count)).status)
    expect(statuses).toEqual([302, 302, 302, 302, 302, 429])
    expect((await login('127.0.3.2', 0)).status).toBe(302)
  })

  describe('and somebody who gets around it, from an address that is not trusted', () => {
    const from = '127.0.4.1'
    const headers = () => ({ ...spoofed, host: new URL(origin).host })

    it('is who they are', async () => {
      await ask(`${direct}/open/x`, { from, headers: headers() })
      expect(seen[0]).toMatchObject({
        'x-forwarded-for': from,
        'x-forwarded-proto': 'https',
        'x-forwarded-host': new URL(origin).host,
      })
      expect(JSON.stringify(seen)).not.toMatch(/203\.0\.113|evil|gopher|666/)
    })

    it('gets the same answers as without those headers', async () => {
      const paths = [
        '/auth/session',
        '/auth/providers',
        '/nothing',
        '/.well-known/oauth-authorization-server',
      ]
      for (const path of paths) {
        const host = { host: new URL(origin).host, 'x-request-id': 'the-same' }
        const honest = await ask(`${direct}${path}`, { from, headers: host })
        const lying = await ask(`${direct}${path}`, { from, headers: { ...headers(), ...host } })
        const { date: _then, ...rest } = honest.headers
        expect(lying).toEqual({ ...honest, headers: { ...rest, date: expect.any(String) } })
      }
    })

    it('is counted as one', async () => {
      const statuses: number[] = []
      for (let count = 0; count < 6; count += 1) {
        const more = { ...headers(), 'x-forwarded-for': `203.0.113.${count}` }
        statuses.push((await ask(`${direct}/auth/login/google`, { from, headers: more })).status)
      }
      expect(statuses).toEqual([302, 302, 302, 302, 302, 429])
    })
  })

  it('a path goes up byte for byte', async () => {
    expect((await ask(`${origin}/open/a%2Fb/%EA%B0%80?x=%2F`)).status).toBe(200)
    expect((await ask(`${origin}/open//b`)).status).toBe(400)
    expect((await ask(`${origin}/open/%252e%252e/secret`)).status).toBe(400)
  })

  it('WebSockets pass, with the session and without', async () => {
    const cookie = bare(await signUp('127.0.5.1'))
    for (const [path, headers] of [
      ['/open/socket', {}],
      ['/api/socket', { cookie }],
    ] as const) {
      const url = `${origin.replace('https', 'wss')}${path}`
      const socket = new WebSocket(url, { ca: readFileSync(tls.certificate), origin, headers })
      const echo = new Promise<string>((resolve, reject) => {
        socket.once('message', (data) => resolve(String(data))).once('error', reject)
      })
      await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
      socket.send('hello')
      expect(await echo).toBe('echo hello')
      socket.close()
    }
  })

  it('http leads to https', async () => {
    const answer = await ask(`${plain}/x?y`, { headers: { host: `localhost:${new URL(plain).port}` } })
    expect(answer.status).toBe(308)
    expect(answer.headers.location).toMatch(/^https:\/\/localhost(:\d+)?\/x\?y$/)
  })
})
