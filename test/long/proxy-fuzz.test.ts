import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createWorld, type World } from '../../src/testing/world.ts'
import { classes } from '../proxy/attacks.ts'
import { type Fuzzed, fuzz } from '../proxy/fuzz.ts'
import { hostileClasses } from '../proxy/hostile-answers.ts'
import { type Recorded, type StrictRecorder, startStrictRecorder } from '../proxy/strict-recorder.ts'
import { createDice } from '../support/dice.ts'
import { signUp } from '../support/house.ts'
import { type ServerProcess, startServer } from '../support/server-process.ts'
import { freshPrefix, redisUrl } from '../support/services.ts'

const connections = Number(process.env['FUZZ_CONNECTIONS'] ?? 5000)
const seed = Number(process.env['FUZZ_SEED'] ?? 1)
const atOnce = 50

let world: World
let upstream: StrictRecorder
let server: ServerProcess
let origin: string
let corpus: string[]
let answered: string[]

/** Every attack as it is sent to this house, and requests that no API route takes. */
function corpusFor(cookie: string): string[] {
  const here = new URL(origin)
  const others = [
    '/',
    '/auth/session',
    '/auth/providers',
    '/auth/login/kakao',
    '/auth/callback/kakao?code=x&state=y',
    '/index.html',
    '/healthz',
    '/.well-known/jwks.json',
  ]
  const ours = others.flatMap((path) =>
    ['GET', 'POST'].map(
      (method) => `${method} ${path} HTTP/1.1\r\nHost: ${here.host}\r\nContent-Length: 2\r\n\r\n{}`,
    ),
  )
  const attacks = classes
    .flatMap(([, list]) => list.map(({ bytes }) => bytes))
    .filter(({ length }) => length < 5000)
  return [...attacks, ...ours].map((bytes) =>
    bytes
      .replaceAll('Cookie: session=t1', `Cookie: ${cookie}`)
      .replaceAll('https://app.example', origin)
      .replaceAll('app.example', here.host)
      .replaceAll('ID', 'x')
      .replaceAll('SIZE', '100'),
  )
}

beforeAll(async () => {
  world = await createWorld({ providers: ['kakao'] })
  upstream = await startStrictRecorder()
  const target = upstream.url
  server = await startServer({
    ...world.env,
    LOG_LEVEL: 'error',
    REDIS_URL: redisUrl(),
    REDIS_PREFIX: freshPrefix(),
    API_ROUTES: JSON.stringify([
      { path: '/api', target, timeout: '500ms', setCookie: true, maxBody: '1mb' },
      { path: '/api/open', target, timeout: '500ms', auth: 'none', csrf: false },
      { path: '/api/open/strict', target, timeout: '500ms' },
    ]),
  })
  origin = world.env['PUBLIC_URL'] as string
  const browser = world.browser()
  await signUp(browser)
  const [ticket] = browser.cookies('session')
  corpus = corpusFor(`${ticket?.name}=${ticket?.value}`)

  const dice = createDice(seed)
  const hostile = hostileClasses.flatMap(([, list]) => list).filter(({ bytes }) => bytes.length < 5000)
  const fine = upstream.answer
  upstream.answer = (request) => {
    const bytes = dice(4) === 0 ? hostile[dice(hostile.length)]?.bytes : undefined
    return bytes ?? fine(request)
  }
  answered = []
  for (let done = 0; done < connections; done += atOnce) {
    const batch = Array.from({ length: atOnce }, () => fuzz(corpus, dice))
    answered.push(...(await Promise.all(batch.map(send))))
  }
}, 3_600_000)
afterAll(async () => {
  await server.stop()
  await upstream[Symbol.asyncDispose]()
  await world.close()
})

/** What came back, latin1. */
async function send({ pieces, ending }: Fuzzed): Promise<string> {
  const socket = connect(Number(world.env['PORT']), '127.0.0.1')
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1')
  })
  socket.on('error', () => undefined)
  const closed = once(socket, 'close').catch(() => undefined)
  for (const piece of pieces) {
    socket.write(piece, 'latin1')
    await pause(2)
  }
  if (ending === 'end') socket.end()
  else if (ending === 'reset') socket.resetAndDestroy()
  await Promise.race([closed, pause(100)])
  socket.destroy()
  return text
}

/** Whether the gate may have let this through, by what of it the upstream can see. */
function isMeant({ method, url, fields }: Recorded): boolean {
  const valuesOf = (wanted: string) =>
    fields.flatMap(([name, value]) => (name.toLowerCase() === wanted ? [value] : []))
  const only = (wanted: string) => {
    const values = valuesOf(wanted)
    return values.length === 1 ? values[0] : undefined
  }
  const all = fields.map((one) => one.join(': ')).join('\n')
  const vouched =
    only('host') === upstream.host &&
    only('x-forwarded-for') === '127.0.0.1' &&
    only('x-forwarded-host') === new URL(origin).host &&
    only('x-forwarded-proto') === 'http' &&
    valuesOf('x-request-id').length === 1 &&
    valuesOf('cookie').length === 0 &&
    !/spoofed/.test(all.replace(/^(?!x-forwarded|authorization|cookie|forwarded|x-real|proxy-).*$/gim, ''))
  if (!vouched || /\/\.\.?(?:[/;]|$)/.test(url.replace(/\?.*$/, ''))) return false
  const path = readLeniently(url)
  const open = /^\/api\/open(?:\/|$)/.test(path) && !/^\/api\/open\/strict(?:\/|$)/.test(path)
  if (open) return valuesOf('authorization').length === 0
  if (!/^Bearer eyJ[\w.-]+$/.test(only('authorization') ?? '')) return false
  const sites = valuesOf('sec-fetch-site')
  const origins = valuesOf('origin')
  if (sites.length === 0) return origins.every((one) => one === origin)
  if (sites.join() === 'none')
    return (method === 'GET' || method === 'HEAD') && valuesOf('sec-purpose').length === 0
  return sites.join() === 'same-origin'
}

/** The path as the most careless server has it: decoded until nothing changes, `\\` read as `/`, cut at `;`. */
function readLeniently(url: string): string {
  let path = url.replace(/\?.*$/, '')
  try {
    while (decodeURIComponent(path) !== path) path = decodeURIComponent(path)
  } catch {
    // A percent sign of its own: decoded as far as it goes.
  }
  return path.replaceAll('\\', '/').replace(/;[^/]*/g, '')
}

describe(`${connections} connections of torn requests, some to an upstream that answers badly (seed ${seed})`, () => {
  it('leave the server alive, and nothing in its log that nobody expected', async () => {
    expect(server.child.exitCode).toBeNull()
    const response = await fetch(`${origin}/readyz`)
    expect(response.status).toBe(200)
    const { stdout, stderr } = server.output()
    expect(stderr).toBe('')
    expect(stdout).toBe('')
  })

  it('bring no byte to the upstream that is no request, and no request that the gate does not let through', () => {
    expect(upstream.requests.length).toBeGreaterThan(connections / 20)
    expect(upstream.violations.slice(0, 5)).toEqual([])
    const unmeant = upstream.requests.filter((one) => !isMeant(one))
    expect(unmeant.slice(0, 5).map((one) => JSON.stringify(one))).toEqual([])
  })

  it('get no 500, no token, no ticket', () => {
    const said = (pattern: RegExp) => answered.flatMap((text) => pattern.exec(text)?.[0] ?? [])
    expect(said(/HTTP\/1\.1 500 .*/)).toEqual([])
    // Three letters alone are chance: a login's state or sealed cookie has hundreds.
    expect(said(/eyJ[\w-]{10,}\.eyJ|Bearer |set-cookie: session/i)).toEqual([])
    expect(answered.filter((text) => text !== '' && !/^HTTP\/1\.1 \d{3} /.test(text))).toEqual([])
  })
})
