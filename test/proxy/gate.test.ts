import { describe, expect, it } from '@jest/globals'
import request from 'supertest'
import type { RouteConfig } from '../../src/config/config.ts'
import type { Session } from '../../src/session/session.ts'
import { now, route } from './fakes.ts'
import { startFront } from './front.ts'
import { startUpstream } from './upstream.ts'

type Method = 'get' | 'head' | 'post' | 'delete' | 'options' | 'trace'

interface Case {
  readonly what: string
  readonly route?: Partial<RouteConfig>
  readonly method?: Method
  readonly headers?: Readonly<Record<string, string>>
  readonly session?: Partial<Session> | 'none'
  readonly status: number
  readonly code?: string
  /** Extra members of the problem. */
  readonly members?: object
}

const origin = 'https://app.example'
const here = { 'Sec-Fetch-Site': 'same-origin' }

const cases: Case[] = [
  // 1. It says that it comes from elsewhere.
  {
    what: 'a cross-site request',
    headers: { 'Sec-Fetch-Site': 'cross-site' },
    status: 403,
    code: 'cross-site-request',
  },
  {
    what: 'a sibling of the same site',
    headers: { 'Sec-Fetch-Site': 'same-site' },
    status: 403,
    code: 'cross-site-request',
  },
  {
    what: 'an unknown value',
    headers: { 'Sec-Fetch-Site': 'Same-Origin' },
    status: 403,
    code: 'cross-site-request',
  },
  { what: 'a GET typed by a person', headers: { 'Sec-Fetch-Site': 'none' }, status: 200 },
  { what: 'a HEAD typed by a person', method: 'head', headers: { 'Sec-Fetch-Site': 'none' }, status: 200 },
  {
    what: 'a POST that no page sent',
    method: 'post',
    headers: { 'Sec-Fetch-Site': 'none' },
    status: 403,
    code: 'cross-site-request',
  },
  {
    what: 'an OPTIONS that no page sent',
    method: 'options',
    headers: { 'Sec-Fetch-Site': 'none' },
    status: 403,
    code: 'cross-site-request',
  },
  {
    what: 'a speculative load',
    headers: { 'Sec-Fetch-Site': 'none', 'Sec-Purpose': 'prefetch;prerender' },
    status: 403,
    code: 'cross-site-request',
  },
  { what: "a page's own prefetch", headers: { ...here, 'Sec-Purpose': 'prefetch' }, status: 200 },
  {
    what: "another origin's Origin",
    headers: { Origin: 'https://evil.example' },
    status: 403,
    code: 'cross-site-request',
  },
  {
    what: "a sandboxed frame's Origin",
    headers: { Origin: 'null' },
    status: 403,
    code: 'cross-site-request',
  },
  {
    what: 'our Origin on another port',
    headers: { Origin: `${origin}:8443` },
    status: 403,
    code: 'cross-site-request',
  },
  { what: 'our Origin', headers: { Origin: origin }, status: 200 },
  {
    what: 'a foreign Origin that Fetch Metadata contradicts',
    headers: { ...here, Origin: 'https://evil.example' },
    status: 200,
  },
  {
    what: 'X-CSRF with a foreign Origin',
    headers: { Origin: 'https://evil.example', 'X-CSRF': '1' },
    status: 403,
    code: 'cross-site-request',
  },
  {
    what: 'an anonymous request from elsewhere',
    headers: { Origin: 'https://evil.example' },
    session: 'none',
    status: 403,
    code: 'cross-site-request',
  },
  // 2. The session's state.
  {
    what: 'nobody',
    headers: here,
    session: 'none',
    status: 401,
    code: 'session-required',
    members: { loginUrl: '/login' },
  },
  { what: 'nobody, without any proof', session: 'none', status: 401, code: 'session-required' },
  {
    what: 'somebody who is signing up',
    headers: here,
    session: { state: 'registering' },
    status: 403,
    code: 'sign-up-required',
  },
  {
    what: 'somebody who is signing up, without any proof',
    session: { state: 'registering' },
    status: 403,
    code: 'sign-up-required',
  },
  {
    what: 'a sign-in that is fresh enough',
    route: { maxAuthAgeMs: 60_000 },
    headers: here,
    session: { authenticatedAt: now - 60_000 },
    status: 200,
  },
  {
    what: 'a sign-in that is too old',
    route: { maxAuthAgeMs: 60_000 },
    headers: here,
    session: { authenticatedAt: now - 60_001 },
    status: 401,
    code: 'reauthentication-required',
  },
  {
    what: 'an old sign-in on an optional route',
    route: { auth: 'optional', maxAuthAgeMs: 1 },
    headers: here,
    session: { authenticatedAt: 0 },
    status: 401,
    code: 'reauthentication-required',
  },
  {
    what: 'nobody on an optional route',
    route: { auth: 'optional' },
    headers: here,
    session: 'none',
    status: 200,
  },
  {
    what: 'somebody who is signing up on an optional route',
    route: { auth: 'optional' },
    headers: here,
    session: { state: 'registering' },
    status: 200,
  },
  { what: 'nobody on an open route', route: { auth: 'none' }, headers: here, session: 'none', status: 200 },
  // 3. It does not say where it comes from.
  { what: 'a request without any proof', status: 403, code: 'cross-site-request' },
  { what: 'a HEAD without any proof', method: 'head', status: 403 },
  { what: 'a request with the header that only our pages can send', headers: { 'X-CSRF': '1' }, status: 200 },
  {
    what: 'another value of that header',
    headers: { 'X-CSRF': '0' },
    status: 403,
    code: 'cross-site-request',
  },
  {
    what: 'nobody without any proof on an open route',
    route: { auth: 'none' },
    session: 'none',
    status: 403,
    code: 'cross-site-request',
  },
  // csrf: false
  {
    what: 'no proof where none is asked for',
    route: { auth: 'none', csrf: false },
    session: 'none',
    status: 200,
  },
  {
    what: 'another site where that is meant',
    route: { auth: 'none', csrf: false },
    method: 'post',
    headers: { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.example' },
    session: 'none',
    status: 200,
  },
  // methods
  {
    what: 'a method that the route has',
    route: { methods: ['GET', 'POST'] },
    method: 'post',
    headers: here,
    status: 200,
  },
  {
    what: 'a method that the route has not',
    route: { methods: ['GET', 'POST'] },
    method: 'delete',
    headers: here,
    status: 405,
    code: 'method-not-allowed',
  },
  {
    what: 'TRACE, which would send the token back',
    method: 'trace',
    headers: here,
    status: 405,
    code: 'method-not-allowed',
  },
]

describe('the gate', () => {
  it.each(cases)('answers $what with $status $code', async (one) => {
    const { method = 'get', headers = {}, session = {}, status, code, members } = one
    await using upstream = await startUpstream()
    await using front = await startFront({ routes: [route({ target: upstream.url, ...one.route })] })
    const cookie = session === 'none' ? {} : { Cookie: front.sessions.begin('t1', session) }

    const response = await request(front.url)
      [method]('/api/x')
      .set({ ...cookie, ...headers })

    expect(response.status).toBe(status)
    expect(response.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/)
    if (code) {
      expect(response.headers['content-type']).toBe('application/problem+json; charset=utf-8')
      expect(response.headers['cache-control']).toBe('no-store')
      if (method !== 'head')
        expect(response.body).toMatchObject({
          type: `urn:coatcheck:problem:${code}`,
          status,
          code,
          requestId: response.headers['x-request-id'],
          ...members,
        })
    }
    const passed = status === 200
    expect(upstream.requests).toHaveLength(passed ? 1 : 0)
    const counts = passed && session !== 'none' && one.route?.auth !== 'none'
    expect(front.sessions.uses).toEqual(counts ? ['t1'] : [])
  })

  it('names the methods that a route takes', async () => {
    await using upstream = await startUpstream()
    await using front = await startFront({
      routes: [route({ target: upstream.url, methods: ['GET', 'POST'] })],
    })
    const response = await request(front.url).put('/api/x').set(front.member)
    expect(response.headers['allow']).toBe('GET, POST')
  })

  it('never looks at the session on an open route, not even for a token', async () => {
    await using upstream = await startUpstream()
    await using front = await startFront({ routes: [route({ target: upstream.url, auth: 'none' })] })
    await request(front.url).get('/api/x').set(front.member).expect(200)
    expect(front.sessions.reads).toBe(0)
    expect(front.tokens.asked).toEqual([])
    expect(upstream.requests[0]?.headers.authorization).toBeUndefined()
  })

  it('sends a token up for members only on an optional route', async () => {
    await using upstream = await startUpstream()
    await using front = await startFront({ routes: [route({ target: upstream.url, auth: 'optional' })] })
    const registering = front.sessions.begin('t2', { state: 'registering' })
    await request(front.url).get('/api/x').set(front.member).expect(200)
    await request(front.url)
      .get('/api/x')
      .set({ ...front.member, Cookie: registering })
      .expect(200)
    await request(front.url).get('/api/x').set('Sec-Fetch-Site', 'same-origin').expect(200)
    const tokens = upstream.requests.map(({ headers }) => headers.authorization)
    expect(tokens).toEqual(['Bearer TOKEN', undefined, undefined])
  })

  it('answers 503 for a session that cannot be read, on optional routes too, and keeps the cookie', async () => {
    await using upstream = await startUpstream()
    await using front = await startFront({
      routes: [
        route({ target: upstream.url }),
        route({ target: upstream.url, path: '/optional', auth: 'optional' }),
        route({ target: upstream.url, path: '/open', auth: 'none' }),
      ],
    })
    front.sessions.fail()
    for (const path of ['/api/x', '/optional/x']) {
      const response = await request(front.url).get(path).set(front.member)
      expect(response.status).toBe(503)
      expect(response.body.code).toBe('session-store-unavailable')
      expect(response.headers['retry-after']).toMatch(/^\d+$/)
      expect(response.headers['set-cookie']).toBeUndefined()
    }
    await request(front.url).get('/open/x').set(front.member).expect(200)
    expect(upstream.requests).toHaveLength(1)
  })

  it('treats a call as anonymous when its token turns out to be dead', async () => {
    await using upstream = await startUpstream()
    await using front = await startFront({
      routes: [
        route({ target: upstream.url, token: 'provider' }),
        route({ target: upstream.url, token: 'provider', auth: 'optional', path: '/optional' }),
      ],
    })
    front.tokens.answer = async () => undefined
    const response = await request(front.url).get('/api/x').set(front.member)
    expect([response.status, response.body.code]).toEqual([401, 'session-required'])
    await request(front.url).get('/optional/x').set(front.member).expect(200)
    expect(upstream.requests.map(({ headers }) => headers.authorization)).toEqual([undefined])
  })

  it('sends no token where the route wants none', async () => {
    await using upstream = await startUpstream()
    await using front = await startFront({ routes: [route({ target: upstream.url, token: 'none' })] })
    await request(front.url).get('/api/x').set(front.member).expect(200)
    expect(upstream.requests[0]?.headers.authorization).toBeUndefined()
  })
})
