import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, get as httpGet, type IncomingMessage, type Server } from 'node:http'
import { get as httpsGet, type RequestOptions } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { WebSocket, WebSocketServer } from 'ws'
import { type Coatcheck, createCoatcheck } from '../../src/composition.ts'
import { createWorld, type World } from '../../src/testing/world.ts'
import { binary } from '../support/binaries.ts'
import { freePort } from '../support/ports.ts'

/*
 * client ──TLS──> nginx or Caddy, with the configuration of deploy/ ──> coatcheck ──> API
 */

const deploy = join(import.meta.dirname, '../../deploy')
const folder = mkdtempSync(join(tmpdir(), 'coatcheck-tls-'))
const [certificate, key] = [join(folder, 'certificate.pem'), join(folder, 'key.pem')]

interface Ports {
  readonly http: number
  readonly https: number
  readonly app: number
}

/** deploy/nginx.conf in a whole configuration of its own, on these ports. */
function nginx({ http, https, app }: Ports): readonly string[] {
  const site = readFileSync(join(deploy, 'nginx.conf'), 'utf8')
    .replaceAll('127.0.0.1:3000', `127.0.0.1:${app}`)
    .replace('listen 80;', `listen 127.0.0.1:${http};`)
    .replace('listen 443 ssl;', `listen 127.0.0.1:${https} ssl;`)
    .replaceAll('https://app.example.com', `https://localhost:${https}`)
    .replaceAll('server_name app.example.com', 'server_name localhost')
    .replace('/etc/ssl/app.example.com/fullchain.pem', certificate)
    .replace('/etc/ssl/app.example.com/privkey.pem', key)
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${folder}/${name};`)
    .join(' ')
  const path = join(folder, 'nginx.conf')
  writeFileSync(
    path,
    `daemon off; pid ${folder}/pid; error_log stderr; events {}\nhttp { access_log off; ${temporary}\n${site}\n}`,
  )
  return [binary('nginx', 'nginx-light'), '-p', folder, '-c', path]
}

/** deploy/Caddyfile with a certificate of our own, on these ports. */
function caddy({ http, https, app }: Ports): readonly string[] {
  const site = readFileSync(join(deploy, 'Caddyfile'), 'utf8')
    .replace('127.0.0.1:3000 {', `127.0.0.1:${app} {`)
    .replace(
      'app.example.com {',
      `https://localhost:${https} {\n\tbind 127.0.0.1\n\ttls ${certificate} ${key}`,
    )
  const path = join(folder, 'Caddyfile')
  writeFileSync(path, `{\n\tadmin off\n\thttp_port ${http}\n\thttps_port ${https}\n}\n${site}`)
  return [binary('caddy', 'caddy'), 'run', '--adapter', 'caddyfile', '--config', path]
}

beforeAll(() => {
  mkdirSync(join(folder, 'data'))
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-days',
      '2',
      '-subj',
      '/CN=localhost',
    ].concat(['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-keyout', key, '-out', certificate]),
    { stdio: 'ignore' },
  )
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe.each([
  ['nginx', nginx],
  ['Caddy', caddy],
])('behind %s', (_, commandLine) => {
  let ports: Ports
  let world: World
  let coatcheck: Coatcheck
  let app: Server
  let api: Server
  let edge: ChildProcess
  const seen: IncomingMessage['headers'][] = []

  beforeAll(async () => {
    ports = { http: await freePort(), https: await freePort(), app: await freePort() }
    world = await createWorld({ providers: ['google'] })
    api = createServer((req, res) => {
      seen.push(req.headers)
      res.end('from the API')
    })
    new WebSocketServer({ server: api }).on('connection', (socket) =>
      socket.on('message', (data) => socket.send(`echo ${data}`)),
    )
    const apiPort = await freePort()
    await new Promise<void>((resolve) => api.listen(apiPort, '127.0.0.1', resolve))
    coatcheck = await createCoatcheck({
      now: world.now,
      env: {
        ...world.env,
        PUBLIC_URL: `https://localhost:${ports.https}`,
        TRUST_PROXY: '127.0.0.1',
        API_ROUTES: JSON.stringify([{ path: '/open', target: `http://127.0.0.1:${apiPort}`, auth: 'none' }]),
      },
    })
    app = createServer(coatcheck.app)
    app.on('upgrade', coatcheck.upgrade)
    await new Promise<void>((resolve) => app.listen(ports.app, '127.0.0.1', resolve))
    const [program = '', ...args] = commandLine(ports)
    const home = { HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder }
    edge = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...home } })
    await answering()
  })
  afterAll(async () => {
    edge.kill('SIGTERM')
    await coatcheck.close()
    await world.close()
    for (const server of [app, api]) {
      server.closeAllConnections()
      server.close()
    }
  })

  async function answering(): Promise<void> {
    let said = ''
    edge.stderr?.on('data', (chunk) => {
      said += chunk
    })
    for (const deadline = Date.now() + 15_000; Date.now() < deadline; await sleep(50))
      if ((await ask('/readyz').catch(() => undefined))?.status === 200) return
    throw new Error(`it did not answer: ${said.slice(-2000)}`)
  }

  interface Answer {
    readonly status: number
    readonly headers: IncomingMessage['headers']
    readonly text: string
  }

  function ask(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const options: RequestOptions = { ca: readFileSync(certificate), headers }
    return collect((done) => httpsGet(`https://localhost:${ports.https}${path}`, options, done))
  }

  function collect(
    start: (done: (res: IncomingMessage) => void) => ReturnType<typeof httpGet>,
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      start((res) => {
        let text = ''
        res.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk
        })
        res.once('end', () => resolve({ status: res.statusCode ?? 0, headers: res.headers, text }))
      }).once('error', reject)
    })
  }

  it('cookies are Secure and bound to the host', async () => {
    const { status, headers } = await ask('/auth/login/google')
    expect(status).toBe(302)
    const [cookie] = headers['set-cookie'] ?? []
    expect(cookie).toMatch(/^__Host-login-/)
    expect(cookie).toMatch(/; Secure/)
    expect(cookie).not.toMatch(/domain/i)
  })

  it('the API hears who called, whatever the caller says of it', async () => {
    const spoofed = {
      'x-forwarded-for': '203.0.113.66',
      'x-forwarded-proto': 'gopher',
      'x-forwarded-host': 'evil.example',
      'x-real-ip': '203.0.113.66',
      forwarded: 'for=203.0.113.66',
    }
    const { status, text } = await ask('/open/x', { ...spoofed, 'x-csrf': '1' })
    expect({ status, text }).toEqual({ status: 200, text: 'from the API' })
    const headers = seen.at(-1)
    expect(headers?.['x-forwarded-for']).toBe('127.0.0.1, 127.0.0.1')
    expect(headers?.['x-forwarded-proto']).toBe('https')
    expect(headers?.['x-forwarded-host']).toBe(`localhost:${ports.https}`)
    expect(JSON.stringify(headers)).not.toContain('203.0.113.66')
  })

  it('a path goes up byte for byte', async () => {
    const { status } = await ask('/open/a%2Fb/%EA%B0%80?x=%2F', { 'x-csrf': '1' })
    expect(status).toBe(200)
    expect((await ask('/open//b', { 'x-csrf': '1' })).status).toBe(400)
    expect((await ask('/open/%252e%252e/secret', { 'x-csrf': '1' })).status).toBe(400)
  })

  it('WebSockets pass', async () => {
    const origin = `https://localhost:${ports.https}`
    const socket = new WebSocket(`wss://localhost:${ports.https}/open/socket`, {
      ca: readFileSync(certificate),
      origin,
    })
    const echo = new Promise<string>((resolve, reject) => {
      socket.once('message', (data) => resolve(String(data)))
      socket.once('error', reject)
    })
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
    socket.send('hello')
    expect(await echo).toBe('echo hello')
    socket.close()
  })

  it('http leads to https', async () => {
    const headers = { host: `localhost:${ports.http}` }
    const answer = await collect((done) => httpGet(`http://127.0.0.1:${ports.http}/x?y`, { headers }, done))
    expect(answer.status).toBe(308)
    expect(answer.headers.location).toMatch(/^https:\/\/localhost(:\d+)?\/x\?y$/)
  })
})
