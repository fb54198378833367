import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { WebSocket } from 'ws'
import { createWorld, faults, type World } from '../../src/testing/world.ts'
import { signUp } from '../support/house.ts'
import { freePort } from '../support/ports.ts'
import { type ServerProcess, startServer } from '../support/server-process.ts'

type Line = Readonly<Record<string, unknown>>

let world: World
let server: ServerProcess
let lines: readonly Line[]

beforeAll(async () => {
  world = await createWorld({ providers: ['kakao', 'acme'] })
  const env = {
    ...world.env,
    LOG_LEVEL: 'info',
    API_URL: `http://127.0.0.1:${await freePort()}`,
    RATE_LIMIT: '30/1m',
  }
  server = await startServer(env)
  await beGood()
  await beBad(world.env['PUBLIC_URL'] as string)
  await server.stop()
  lines = server
    .output()
    .stdout.trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line)
})
afterAll(() => world.close())

async function beGood(): Promise<void> {
  const browser = world.browser()
  await signUp(browser)
  await browser.fetch('/auth/logout', { method: 'POST' })
  world.provider('kakao').as('deny')
  await browser.goto('/auth/login/kakao')
  world.provider('kakao').as('newcomer')
}

async function beBad(origin: string): Promise<void> {
  world.provider('acme').fail('token', faults.answer(400, { error: 'invalid_grant' }))
  await world.browser().goto('/auth/login/acme')
  world.provider('acme').recover()
  const forged = { cookie: `session=s:${'A'.repeat(43)}.${'B'.repeat(43)}` }
  await fetch(`${origin}/auth/session`, { headers: forged })
  await fetch(`${origin}/api/x`, { headers: { 'sec-fetch-site': 'same-origin' } })
  await fetch(`${origin}/api/x`, { headers: { 'sec-fetch-site': 'cross-site' } })
  await fetch(`${origin}/auth/logout`, { method: 'POST', headers: { origin: 'https://evil.example' } })
  await fetch(`${origin}/auth/backchannel-logout/acme`, {
    method: 'POST',
    body: new URLSearchParams({ logout_token: 'made.up.token' }),
  })
  await fetch(`${origin}/auth/webhooks/kakao`, {
    method: 'POST',
    headers: { authorization: 'KakaoAK guess' },
  })
  await new Promise((resolve) =>
    new WebSocket(`${origin.replace('http', 'ws')}/api/live`, { origin: 'https://evil.example' }).once(
      'error',
      resolve,
    ),
  )
  for (let index = 0; index < 30; index += 1) await fetch(`${origin}/auth/login/nobody`)
}

/** `toMatchObject`, somewhere in the log. */
const said = (line: Line) => expect(lines).toContainEqual(expect.objectContaining(line))

describe('the log tells of', () => {
  it('every sign-in and its end, with provider and time', () => {
    said({ event: 'login.succeeded', provider: 'kakao', outcome: 'registering', time: expect.any(String) })
    said({ event: 'session.ended', reason: 'signed-out' })
    said({ event: 'logout', provider: 'kakao' })
  })

  it('every sign-in that failed, by whose fault', () => {
    said({ event: 'login.failed', provider: 'kakao', code: 'login-denied' })
    said({ event: 'login.failed', provider: 'acme', code: 'login-failed', providerCode: 'invalid_grant' })
  })

  it('every request that was refused, and why', () => {
    said({ event: 'request', path: '/api/x', status: 401, code: 'session-required' })
    said({ event: 'request', path: '/auth/login/nobody', status: 429, code: 'rate-limited' })
  })

  it('attempts to get around something: a forged cookie, another site, a token or key that is none', () => {
    said({ event: 'session.cookie-refused', why: 'signature' })
    said({ event: 'request', path: '/auth/logout', status: 403, code: 'cross-site-request' })
    said({ event: 'backchannel-logout.refused', provider: 'acme' })
    said({ event: 'unlink-notice.refused', provider: 'kakao' })
  })

  it('attempts on the API from another site, WebSockets included', () => {
    const attempts = lines.filter(({ event }) => event === 'proxy.cross-site')
    expect(attempts).toEqual([
      expect.objectContaining({ route: '/api', requestId: expect.any(String) }),
      expect.objectContaining({ route: '/api', requestId: expect.any(String) }),
    ])
  })
})
