import { describe, expect, it } from '@jest/globals'
import { createLog, type LogOptions } from '../../src/ops/create-log.ts'

function loggedLines(options: Partial<LogOptions> = {}) {
  const written: string[] = []
  const log = createLog({
    level: 'debug',
    format: 'json',
    destination: { write: (line) => written.push(line) },
    clock: () => Date.UTC(2026, 0, 1),
    ...options,
  })
  return { log, written }
}

describe('the log', () => {
  it('writes named events with fields, one JSON object a line', () => {
    const { log, written } = loggedLines()
    log.info('login.failed', { provider: 'kakao', code: 'login-denied', providerCode: 'KOE320' })
    log.warn('shutdown')
    expect(written.map((line) => JSON.parse(line))).toEqual([
      {
        level: 'info',
        time: '2026-01-01T00:00:00.000Z',
        event: 'login.failed',
        provider: 'kakao',
        code: 'login-denied',
        providerCode: 'KOE320',
      },
      { level: 'warn', time: '2026-01-01T00:00:00.000Z', event: 'shutdown' },
    ])
    expect(written.every((line) => line.indexOf('\n') === line.length - 1)).toBe(true)
  })

  it('keeps an event on one line, whatever a client sent', () => {
    const { log, written } = loggedLines()
    log.info('request', { path: '/a\n{"level":"error","event":"forged"}\u2028' })
    expect(written).toHaveLength(1)
    expect(written[0]?.trim().split('\n')).toHaveLength(1)
  })

  it('writes what is at its level or above, and says what that is', () => {
    const { log, written } = loggedLines({ level: 'warn' })
    log.debug('a')
    log.info('b')
    log.error('c')
    expect(written).toHaveLength(1)
    expect([log.enabled('info'), log.enabled('warn')]).toEqual([false, true])
    expect(loggedLines({ level: 'silent' }).log.enabled('fatal')).toBe(false)
  })

  it('tells an error by name, message, code, stack and causes, and nothing that libraries hang on it', () => {
    const { log, written } = loggedLines()
    const cause = Object.assign(new Error('inner'), { code: 'ECONNREFUSED', body: { secret: 'x' } })
    const error = Object.assign(new TypeError('outer', { cause }), {
      response: { all: 'of it' },
      failure: 'denied',
    })
    log.error('request.failed', { error })
    expect(JSON.parse(written[0] as string).error).toEqual({
      name: 'TypeError',
      message: 'outer',
      failure: 'denied',
      stack: expect.stringContaining('log.test'),
      cause: { name: 'Error', message: 'inner', code: 'ECONNREFUSED', stack: expect.any(String) },
    })
  })

  it('survives what cannot be written', () => {
    const { log, written } = loggedLines()
    const circle: Record<string, unknown> = { name: 'circle' }
    circle['self'] = circle
    const error = new Error('round')
    error.cause = error
    log.info('odd', {
      circle,
      error,
      big: 10n,
      bytes: Buffer.from('secret bytes'),
      map: new Map([['a', 1]]),
      none: undefined,
      list: Array(1000).fill('x'),
      text: 'x'.repeat(1_000_000),
    })
    expect(JSON.parse(written[0] as string)).toMatchObject({ big: '10', bytes: '[12 bytes]', map: { a: 1 } })
    expect(written[0]?.length).toBeLessThan(40_000)
  })

  it('is pleasant to read when asked to', () => {
    const { log, written } = loggedLines({ format: 'pretty' })
    log.info('login.succeeded', { provider: 'kakao', isNew: true })
    log.info('request', {
      method: 'GET',
      path: '/api/notes',
      status: 200,
      durationMs: 3,
      requestId: 'r',
      route: '/api',
    })
    log.error('store.lost', { error: new Error('no route') })
    expect(written[0]).toMatch(/^\[\d\d:\d\d:\d\d\.000\] INFO: login\.succeeded provider=kakao isNew=true\n$/)
    expect(written[1]).toMatch(/INFO: 200 GET \/api\/notes 3 ms route=\/api\n$/)
    expect(written[2]).toMatch(/ERROR: store\.lost Error: no route\n\s+at /)
  })
})

describe('a secret', () => {
  const secret = 'S3cr3tV4lue-d0-n0t-l34k'
  const jwt = `eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.${secret}`

  // Every way in which a secret has been seen in a log of some product.
  const ways: Record<string, Record<string, unknown>> = {
    'an access token': { accessToken: secret, access_token: secret, 'Access-Token': secret },
    'a refresh token': { grant: { refreshToken: secret }, nested: { a: [{ refresh_token: secret }] } },
    'an ID token': { id_token: jwt, idToken: jwt },
    'a token by any other name': {
      serviceToken: secret,
      tokens: { aud: { token: secret } },
      logout_token: secret,
    },
    'a ticket': { ticket: secret, starter: secret, open: { ticket: secret } },
    'a cookie': {
      cookie: `session=${secret}`,
      'set-cookie': [`__Host-session=${secret}`],
      cookies: { a: secret },
    },
    'headers, raw': { headers: { Authorization: `Bearer ${secret}`, COOKIE: secret, 'Set-Cookie': secret } },
    'headers, as a Map': { headers: new Map([['authorization', secret]]) },
    'a code': { code: secret, params: { code: secret } },
    'a code that is text': {
      code: 'SplxlOBeZQQYbYS6WxSbIA'.replace('Splxl', `S${secret.replaceAll('-', '')}`),
    },
    'a state': { state: secret },
    'a verifier': { codeVerifier: secret, code_verifier: secret, checks: { nonce: secret } },
    'a client secret': { clientSecret: secret, KAKAO_CLIENT_SECRET: secret, secrets: [secret] },
    'an admin key': { kakaoAdminKey: secret },
    'a URL': {
      url: `https://kauth.kakao.com/cb?code=${secret}&state=${secret}#x`,
      u: new URL(`https://x/?token=${secret}`),
    },
    'a URL with a password': {
      redis: `redis://user:${secret}@host:6379`,
      pg: `postgres://:${secret}@host/db`,
    },
    'a message': { message: `request failed: Authorization: Bearer ${secret}` },
    'a JWT anywhere': { anything: `got ${jwt} from upstream` },
    'a signed cookie in text': { text: `sent __Host-session=s%3A${secret}.abc; a=b` },
    'an error': { error: new Error(`GET https://p/?access_token=${secret} failed`) },
    'an error with a body': { error: Object.assign(new Error('x'), { body: secret, response: { secret } }) },
    "an error's cause": { error: new Error('x', { cause: new Error(`Basic ${secret}`) }) },
    'a cause that is a body': { error: new Error('x', { cause: { error_description: secret } }) },
    bytes: { key: Buffer.from(secret), password: Buffer.from(secret) },
  }

  it.each(Object.entries(ways))('as %s does not reach the log', (_way, fields) => {
    for (const format of ['json', 'pretty'] as const) {
      const { log, written } = loggedLines({ format })
      log.error('some.event', fields)
      expect(written).toHaveLength(1)
      expect(written[0]).not.toContain(secret)
      expect(written[0]).not.toContain(secret.replaceAll('-', ''))
      expect(written[0]).not.toContain(Buffer.from(secret).toString('base64').slice(0, 12))
    }
  })

  it('is no reason to hide what is none', () => {
    const { log, written } = loggedLines()
    const fields = {
      code: 'login-denied',
      state: 'member',
      providerCode: 'invalid_grant',
      tokens: 3,
      renewed: true,
      path: '/auth/callback/kakao',
      session: 'aGFuZGxl',
      route: '/api',
    }
    log.info('x', { ...fields, error: Object.assign(new Error('y'), { code: 'ERR_JWT_EXPIRED' }) })
    expect(JSON.parse(written[0] as string)).toMatchObject({ ...fields, error: { code: 'ERR_JWT_EXPIRED' } })
  })
})
