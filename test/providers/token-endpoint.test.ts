import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import type { ProviderFailure } from '../../src/providers/provider.ts'
import { send } from '../../src/testing/answer.ts'
import { type Fault, faults } from '../../src/testing/faults.ts'
import { finish, type Room, reachCallback, startRoom } from './room.ts'

const ids = ['kakao', 'naver', 'google', 'acme'] as const
let room: Room
beforeAll(async () => {
  room = await startRoom({ ids })
})
afterAll(() => room.close())
afterEach(() => {
  for (const id of ids) room.simulated(id).recover()
})

async function failing(id: string, endpoint: string, fault: Fault) {
  const { query, checks } = await reachCallback(room.provider(id), room.simulated(id))
  room.simulated(id).fail(endpoint, fault)
  return finish(room.provider(id), query, checks)
}

const kakaoError = (error: string, code: string, status = 400) =>
  faults.answer(status, { error, error_code: code, error_description: 'code=the-code was not found' })

describe('a token answer', () => {
  it('counts behind a 100 Continue that nobody asked for', async () => {
    const { query, checks } = await reachCallback(room.provider('acme'), room.simulated('acme'))
    room.simulated('acme').fail('token', async (res, answer) => {
      res.writeContinue()
      send(res, await answer())
    })
    expect(await finish(room.provider('acme'), query, checks)).toMatchObject({
      identity: { provider: 'acme' },
    })
  })

  it.each<[string, string, Fault, ProviderFailure, string | undefined]>([
    [
      'Kakao: unknown, used or expired code',
      'kakao',
      kakaoError('invalid_grant', 'KOE320'),
      'code-rejected',
      'KOE320',
    ],
    [
      'Kakao: another redirect URI',
      'kakao',
      kakaoError('invalid_grant', 'KOE303'),
      'misconfigured',
      'KOE303',
    ],
    ['Kakao: wrong secret', 'kakao', kakaoError('invalid_client', 'KOE010', 401), 'misconfigured', 'KOE010'],
    ['Kakao: wrong app key', 'kakao', kakaoError('invalid_client', 'KOE101'), 'misconfigured', 'KOE101'],
    ['Kakao: too many tokens', 'kakao', kakaoError('invalid_request', 'KOE237'), 'rate-limited', 'KOE237'],
    [
      'Naver: an error in a 200',
      'naver',
      faults.answer(200, { error: 'invalid_request', error_description: 'no valid data in session' }),
      'code-rejected',
      'invalid_request',
    ],
    [
      'Naver: invalid_grant in a 200',
      'naver',
      faults.answer(200, { error: 'invalid_grant' }),
      'code-rejected',
      'invalid_grant',
    ],
    [
      'Naver: unknown client',
      'naver',
      faults.answer(401, { error: 'invalid_client' }),
      'misconfigured',
      'invalid_client',
    ],
    [
      'Google: malformed code',
      'google',
      faults.answer(400, { error: 'invalid_grant', error_description: 'Malformed auth code.' }),
      'code-rejected',
      'invalid_grant',
    ],
    [
      'Google: another redirect URI',
      'google',
      faults.answer(400, { error: 'redirect_uri_mismatch' }),
      'misconfigured',
      'redirect_uri_mismatch',
    ],
    [
      'unknown client with a challenge',
      'google',
      faults.answer(401, { error: 'invalid_client' }, { 'www-authenticate': 'Basic realm="x"' }),
      'misconfigured',
      'invalid_client',
    ],
    [
      'a challenge without a body',
      'google',
      faults.answer(401, '', { 'www-authenticate': 'Basic realm="x"' }),
      'misconfigured',
      'http-401',
    ],
    ['429', 'acme', faults.answer(429, { error: 'slow_down' }), 'rate-limited', 'http-429'],
    ['500 in JSON', 'acme', faults.answer(500, { error: 'server_error' }), 'unavailable', 'http-500'],
    ['502 in HTML', 'acme', faults.answer(502, '<html>Bad Gateway</html>'), 'unavailable', 'http-502'],
    [
      '503 with Retry-After',
      'acme',
      faults.answer(503, '', { 'retry-after': '30' }),
      'unavailable',
      'http-503',
    ],
    [
      'a captive page with 200',
      'acme',
      faults.answer(200, '<html>Sign in to Wi-Fi</html>'),
      'unavailable',
      undefined,
    ],
    ['HTML with 400', 'acme', faults.answer(400, '<html>?</html>'), 'unavailable', undefined],
    ['a redirect', 'acme', faults.redirect('http://127.0.0.1:1/'), 'unavailable', 'http-302'],
    [
      'a redirect that keeps the method',
      'acme',
      faults.redirect('http://127.0.0.1:1/', 307),
      'unavailable',
      'http-307',
    ],
    [
      'truncated JSON',
      'acme',
      faults.answer(200, '{"access_token":"a', { 'content-type': 'application/json' }),
      'unavailable',
      undefined,
    ],
    [
      'an array',
      'acme',
      faults.answer(200, '[]', { 'content-type': 'application/json' }),
      'unavailable',
      undefined,
    ],
    [
      'null',
      'acme',
      faults.answer(200, 'null', { 'content-type': 'application/json' }),
      'unavailable',
      undefined,
    ],
    [
      'nothing',
      'acme',
      faults.answer(200, '', { 'content-type': 'application/json' }),
      'unavailable',
      undefined,
    ],
    [
      'an error without a name',
      'acme',
      faults.answer(400, { msg: 'no', code: -10 }),
      'unavailable',
      undefined,
    ],
    ['no token_type', 'acme', faults.change(({ token_type: _, ...body }) => body), 'unavailable', undefined],
    [
      'no access_token',
      'acme',
      faults.change(({ access_token: _, ...body }) => body),
      'unavailable',
      undefined,
    ],
    [
      'an object for a token',
      'acme',
      faults.change((body) => ({ ...body, access_token: {} })),
      'unavailable',
      undefined,
    ],
    [
      'a token of another kind',
      'acme',
      faults.change((body) => ({ ...body, token_type: 'MAC' })),
      'stale-or-forged',
      undefined,
    ],
    ['no ID token', 'acme', faults.change(({ id_token: _, ...body }) => body), 'stale-or-forged', undefined],
    [
      'a null ID token',
      'kakao',
      faults.change((body) => ({ ...body, id_token: null })),
      'stale-or-forged',
      undefined,
    ],
    [
      'an ID token that is none',
      'acme',
      faults.change((body) => ({ ...body, id_token: 'a.b.c' })),
      'unavailable',
      undefined,
    ],
    ['a connection cut in the middle', 'acme', faults.reset(), 'unavailable', undefined],
    ['50 MB', 'acme', faults.oversized(), 'unavailable', 'oversized'],
    ['a gzip bomb', 'acme', faults.gzipBomb(), 'unavailable', 'oversized'],
  ])('%s', async (_, id, fault, failure, providerCode) => {
    const error = await failing(id, 'token', fault).catch((one: unknown) => one)
    expect(error).toMatchObject({ name: 'ProviderError', failure, ...(providerCode && { providerCode }) })
    // The code is single use: nobody tries it again.
    expect(String((error as Error).message)).not.toContain('the-code')
  })

  it.each([
    ['silence', faults.silence()],
    ['half a body and silence', faults.stall()],
    ['a drip of bytes', faults.drip()],
  ])('that is %s is not waited for', async (_, fault) => {
    const impatient = await startRoom({ ids: ['acme'], callTimeoutMs: 500 })
    const { query, checks } = await reachCallback(impatient.provider('acme'), impatient.simulated('acme'))
    impatient.simulated('acme').fail('token', fault)
    await expect(finish(impatient.provider('acme'), query, checks)).rejects.toMatchObject({
      failure: 'unavailable',
      providerCode: 'timeout',
    })
    await impatient.close()
  })

  it.each<[string, string, Fault]>([
    [
      'a byte order mark',
      'acme',
      async (res, answer) => {
        const { status, headers, body } = await answer()
        res.writeHead(status, headers).end(`\ufeff${body}`)
      },
    ],
    [
      'null where something is optional',
      'acme',
      faults.change((body) => ({ ...body, refresh_token: null, scope: null, expires_in: null })),
    ],
    [
      'empty text where something is optional',
      'naver',
      faults.change((body) => ({ ...body, refresh_token: '', expires_in: '' })),
    ],
    [
      'the wrong content type',
      'acme',
      async (res, answer) => {
        const { status, body } = await answer()
        res.writeHead(status, { 'content-type': 'text/plain' }).end(body)
      },
    ],
  ])('is read in spite of %s', async (_, id, fault) => {
    const { grant } = await failing(id, 'token', fault)
    expect(grant).not.toHaveProperty('refreshToken')
  })

  it('may say its lifetime in text, as Naver does', async () => {
    const { grant } = await room.login('naver')
    expect(Math.round(((grant.expiresAt ?? 0) - room.clock()) / 1000)).toBeCloseTo(3600, -1)
  })

  it('may rewrite scopes and say Bearer, as Google does', async () => {
    const { grant } = await room.login('google')
    expect(grant.scope).toContain('https://www.googleapis.com/auth/userinfo.email')
  })
})

describe('an error about a provider', () => {
  it.each<[string, Fault]>([
    ['a body that does not parse', faults.answer(200, '{"access_token": the-secret}')],
    ['a description', faults.answer(400, { error: 'invalid_grant', error_description: 'code=the-secret' })],
    [
      'a token answer that does not hold',
      faults.change((body) => ({ ...body, access_token: 'the-secret', id_token: 'the-secret' })),
    ],
  ])('carries nothing of %s: its cause goes to a log', async (_, fault) => {
    const error = await failing('kakao', 'token', fault).catch((one: unknown) => one)
    expect(error).toMatchObject({ name: 'ProviderError' })
    for (let one = error; one instanceof Error; one = one.cause)
      expect(`${one.stack}${JSON.stringify(one)}`).not.toContain('the-secr')
  })
})

describe('a code', () => {
  it.each(ids)('of %s works once', async (id) => {
    const { query, checks } = await reachCallback(room.provider(id), room.simulated(id))
    await finish(room.provider(id), query, checks)
    await expect(finish(room.provider(id), query, checks)).rejects.toMatchObject({ failure: 'code-rejected' })
  })

  it.each(ids)('of %s expires', async (id) => {
    const { query, checks } = await reachCallback(room.provider(id), room.simulated(id))
    room.advance(11 * 60_000)
    await expect(finish(room.provider(id), query, checks)).rejects.toMatchObject({ failure: 'code-rejected' })
  })

  it.each(['kakao', 'google', 'acme'])('of %s is bound to its attempt by PKCE', async (id) => {
    const { query, checks } = await reachCallback(room.provider(id), room.simulated(id))
    const other = { ...checks, codeVerifier: 'x'.repeat(43) }
    await expect(finish(room.provider(id), query, other)).rejects.toMatchObject({ failure: 'code-rejected' })
  })
})

describe('a callback as a whole', () => {
  it('ends when its time is over, however many calls are left', async () => {
    const { query, checks } = await reachCallback(room.provider('kakao'), room.simulated('kakao'))
    room.simulated('kakao').fail('userinfo', faults.silence())
    const began = performance.now()
    await expect(finish(room.provider('kakao'), query, checks, 300)).rejects.toMatchObject({
      failure: 'unavailable',
      providerCode: 'timeout',
    })
    expect(performance.now() - began).toBeLessThan(3_000)
  })

  it('says that a provider is unavailable when nobody listens there', async () => {
    const { query, checks } = await reachCallback(room.provider('kakao'), room.simulated('kakao'))
    await room.simulated('kakao').stop()
    await expect(finish(room.provider('kakao'), query, checks)).rejects.toMatchObject({
      failure: 'unavailable',
    })
    await room.simulated('kakao').start()
  })
})
