import type { IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import supertest from 'supertest'
import { createCoatcheck } from '../src/composition.ts'
import { createPublicHost } from '../src/http/public-host.ts'
import { askAt } from './support/ask.ts'
import { freshName, type House, openHouse, signUp } from './support/house.ts'

let house: House
beforeAll(async () => {
  house = await openHouse({ providers: ['kakao'] })
  house.browser()
})
afterAll(() => house.close())

const app = () => askAt(house.env['PUBLIC_URL'], house.coatcheck.app)
const host = () => new URL(house.env['PUBLIC_URL'] as string).host

describe('createCoatcheck', () => {
  it('gives a request listener that supertest can ask', async () => {
    const { status, body } = await app().get('/auth/session').set('Host', host())
    expect([status, body]).toEqual([200, { state: 'anonymous' }])
  })

  it('rejects a wrong configuration with every problem, and starts nothing', async () => {
    await expect(createCoatcheck({ env: { PORT: 'x', PROVIDERS: 'kakao' } })).rejects.toMatchObject({
      problems: expect.arrayContaining([
        expect.stringMatching(/^PORT: /),
        expect.stringMatching(/^KAKAO_CLIENT_ID: /),
        expect.stringMatching(/^KAKAO_CLIENT_SECRET: /),
      ]),
    })
  })
})

describe('every answer', () => {
  it('carries a request id: the client’s, if it is well formed', async () => {
    expect((await app().get('/healthz').set('X-Request-Id', 'abc.DEF_1-2')).headers['x-request-id']).toBe(
      'abc.DEF_1-2',
    )
    for (const id of ['', 'a b', 'x'.repeat(65), 'a/b', '<script>']) {
      expect((await app().get('/auth/session').set('X-Request-Id', id)).headers['x-request-id']).toMatch(
        /^[0-9a-f-]{36}$/,
      )
    }
  })

  it('of /auth is never cached and leaks no address', async () => {
    for (const path of ['/auth/session', '/auth/providers', '/auth/nothing', '/auth/sessions']) {
      const { headers } = await app().get(path)
      expect([path, headers['cache-control'], headers['referrer-policy']]).toEqual([
        path,
        'no-store',
        'no-referrer',
      ])
    }
  })

  it('says nothing of the server’s make', async () => {
    const { headers } = await app().get('/auth/session')
    expect(headers['x-powered-by']).toBeUndefined()
    expect(headers['x-content-type-options']).toBe('nosniff')
  })
})

describe('an error', () => {
  it('is a problem document with its code, its title and the request id', async () => {
    const response = await app().get('/auth/nothing').set('X-Request-Id', 'here')
    expect(response.status).toBe(404)
    expect(response.headers['content-type']).toBe('application/problem+json; charset=utf-8')
    expect(response.headers['cache-control']).toBe('no-store')
    expect(response.headers['x-coatcheck-problem']).toBe('not-found')
    expect(response.body).toEqual({
      type: 'urn:coatcheck:problem:not-found',
      title: expect.any(String),
      status: 404,
      code: 'not-found',
      requestId: 'here',
    })
  })

  it.each([
    ['POST', '/auth/session', 'GET, HEAD'],
    ['GET', '/auth/logout', 'POST'],
    ['PUT', '/auth/signup', 'POST'],
    ['POST', '/auth/user', 'PATCH'],
    ['GET', '/auth/account', 'DELETE'],
    ['POST', '/.well-known/jwks.json', 'GET, HEAD'],
  ])('%s %s is 405 and says what is allowed', async (method, path, allow) => {
    const agent = app()
    const name = method.toLowerCase() as 'get' | 'post' | 'put'
    const { status, headers, body } = await agent[name](path).set('X-CSRF', '1')
    expect([status, headers['allow'], body.code]).toEqual([405, allow, 'method-not-allowed'])
  })

  it.each([
    '/auth/',
    '/auth',
    '/AUTH/session',
    '/auth/session/',
    '/auth/login/kakao/x',
    '/auth/%2e%2e/x',
    '/.well-known/x',
  ])('%s is not found', async (path) => {
    expect((await app().get(path)).body.code).toBe('not-found')
  })

  it('of broken percent-encoding is the client’s', async () => {
    for (const path of ['/auth/login/%zz', '/auth/sessions/%E0%A4%A']) {
      const { status, body } = await app().get(path)
      expect([path, [400, 404, 405].includes(status), typeof body.code]).toEqual([path, true, 'string'])
    }
  })
})

describe('the public host', () => {
  it('is where a navigation under another Host is sent', async () => {
    const response = await app().get('/page?x=1').set('Host', 'other.example').set('Accept', 'text/html')
    expect([response.status, response.headers['location']]).toEqual([
      308,
      `${house.env['PUBLIC_URL']}/page?x=1`,
    ])
  })

  it('stays put for another origin that looks like a path', async () => {
    const response = await app()
      .get('//evil.example/x')
      .set('Host', 'other.example')
      .set('Sec-Fetch-Mode', 'navigate')
    expect(new URL(response.headers['location'] as string).origin).toBe(house.env['PUBLIC_URL'])
  })

  it('is the only one: whatever else comes under another name is refused', async () => {
    for (const request of [
      app().get('/auth/session').set('Sec-Fetch-Mode', 'cors').set('Accept', 'text/html'),
      app().get('/api/x'),
      app().get('/'),
      app().head('/').set('Accept', 'text/html'),
      app().post('/auth/logout').set('X-CSRF', '1').set('Sec-Fetch-Mode', 'navigate'),
      app().get('/healthz/x'),
      app().get('/.well-known'),
      app().post('/auth/webhooks'),
    ]) {
      const { status, headers, body } = await request.set('Host', 'other.example')
      expect([status, headers['x-coatcheck-problem'], body?.code ?? headers['x-coatcheck-problem']]).toEqual([
        421,
        'misdirected-request',
        'misdirected-request',
      ])
    }
  })

  it('does not matter to probes, to APIs that want our keys and to providers that send notices', async () => {
    for (const [request, status] of [
      [app().get('/healthz').set('Accept', 'text/html'), 200],
      [app().get('/readyz?verbose'), 200],
      [app().get('/.well-known/jwks.json').set('Accept', 'text/html'), 200],
      [app().post('/auth/webhooks/kakao'), 401],
      [app().post('/auth/backchannel-logout/kakao'), 400],
    ] as const)
      expect((await request.set('Host', '10.1.2.3:3000')).status).toBe(status)
  })

  it.each([
    ['https://app.example', 'app.example', undefined],
    ['https://app.example', 'App.Example:443', undefined],
    ['https://app.example', 'APP.EXAMPLE.', undefined],
    ['https://app.example', 'app.example.:443', undefined],
    ['https://app.example', 'app.example:', undefined],
    ['https://app.example', 'app.example:80', 'https://app.example/a?b'],
    ['https://app.example', 'app.example.evil.example', 'https://app.example/a?b'],
    ['https://app.example', 'xapp.example', 'https://app.example/a?b'],
    ['https://app.example', '', 'https://app.example/a?b'],
    ['https://app.example:8443', 'app.example:8443', undefined],
    ['https://app.example:8443', 'app.example', 'https://app.example:8443/a?b'],
    ['http://localhost', 'LOCALHOST:80', undefined],
    ['http://localhost', 'localhost:443', 'http://localhost/a?b'],
    ['http://[::1]:3000', '[::1]:3000', undefined],
    ['http://[::1]', '[::1]:80', undefined],
    ['http://[::1]:3000', '[::1]', 'http://[::1]:3000/a?b'],
  ])('%s is asked for by a navigation to Host %j: goes to %s', (origin, asked, location) => {
    const publicHost = createPublicHost({ origin, host: new URL(origin).host })
    const req = { method: 'GET', url: '/a?b', headers: { host: asked, 'sec-fetch-mode': 'navigate' } }
    expect(publicHost.elsewhere(req as unknown as IncomingMessage)).toBe(location)
  })

  it('is not asked for again by a browser that is there already, whatever a proxy made of its Host', async () => {
    const { status, body } = await app()
      .get('/')
      .set({ Host: 'coatcheck:3000', 'X-Forwarded-Host': `${host().toUpperCase()}, inner` })
      .set('Sec-Fetch-Mode', 'navigate')
    expect([status, body.code]).toEqual([421, 'misdirected-request'])
  })

  it('is asked for by WebSockets, too', async () => {
    const answer = await raw(
      'GET /api/live HTTP/1.1\r\nHost: evil.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${'A'.repeat(22)}==\r\nOrigin: http://evil.example\r\n\r\n`,
    )
    expect(answer).toMatch(/^HTTP\/1\.1 421 [\s\S]*"code":"misdirected-request"/)
  })

  it('is no proxy: an absolute-form target is refused', async () => {
    const answer = await raw(
      `GET http://evil.example/auth/session HTTP/1.1\r\nHost: ${host()}\r\nConnection: close\r\n\r\n`,
    )
    expect(answer).toMatch(/^HTTP\/1\.1 400 [\s\S]*"code":"invalid-request"/)
  })
})

describe('what APIs verify our tokens by', () => {
  it('is published, with a lifetime, and fits the tokens', async () => {
    const browser = house.browser()
    await signUp(browser, 'kakao', freshName())
    await browser.fetch('/api/x')
    const token = house.api.requests.at(-1)?.headers.authorization?.replace('Bearer ', '') as string
    const url = new URL(`${house.env['PUBLIC_URL']}/.well-known/jwks.json`)
    const { payload, protectedHeader } = await jwtVerify(token, createRemoteJWKSet(url), {
      issuer: house.env['PUBLIC_URL'] as string,
      audience: house.env['PUBLIC_URL'] as string,
      typ: 'at+jwt',
    })
    expect(protectedHeader).toMatchObject({ alg: 'ES256', kid: expect.any(String) })
    expect(payload).toMatchObject({ client_id: 'coatcheck', provider: 'kakao', characterName: 'Mira' })
    const response = await app().get('/.well-known/jwks.json')
    expect(response.headers['cache-control']).toBe('public, max-age=300')
    expect(response.text).not.toMatch(/"d":/)
  })

  it('is named by authorization-server metadata (RFC 8414)', async () => {
    const origin = house.env['PUBLIC_URL']
    const { body } = await app().get('/.well-known/oauth-authorization-server')
    expect(body).toEqual({
      issuer: origin,
      jwks_uri: `${origin}/.well-known/jwks.json`,
      response_types_supported: [],
      grant_types_supported: [],
    })
  })

  it('is nothing with a shared secret', async () => {
    const shared = await openHouse({ env: { SERVICE_TOKEN_SECRET: 's'.repeat(32) } })
    for (const path of ['/.well-known/jwks.json', '/.well-known/oauth-authorization-server']) {
      expect((await supertest(shared.coatcheck.app).get(path)).status).toBe(404)
    }
    await shared.close()
  })
})

/** What the server at PUBLIC_URL answers to these very bytes. */
function raw(bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect(Number(house.env['PORT']), '127.0.0.1', () => socket.write(bytes))
    socket.on('data', (chunk) => {
      answer += chunk.toString()
    })
    socket.once('close', () => resolve(answer))
    socket.once('error', reject)
  })
}
