import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import type { RefreshGrant } from '../../src/api-token/provider-tokens.ts'
import { ProviderError } from '../../src/providers/provider.ts'
import { issued, json, startExchangeServer } from './exchange-server.ts'
import { createTokenRoom, member, settled, startedAt } from './token-room.ts'

const request = { kind: 'exchange', audience: '' } as const
const grant = { accessToken: 'provider-access', refreshToken: 'r', expiresAt: startedAt + 3_600_000 }

let server: Awaited<ReturnType<typeof startExchangeServer>>
beforeEach(async () => {
  server = await startExchangeServer()
})
afterEach(() => server.close())

async function roomWithExchange(refresh: RefreshGrant = async () => undefined, audience?: string) {
  const room = await createTokenRoom({
    refresh,
    exchange: { url: server.url, clientId: 'our:id', clientSecret: 'a secret/+%', audience },
  })
  const open = room.sessions.add(member({ grant }))
  const ask = (rejected?: string) => room.tokens.tokenFor(room.sessions.now(open) ?? open, request, rejected)
  return { ...room, open, ask }
}

describe('an exchanged token', () => {
  it("is asked for with the provider's token, as RFC 8693 has it", async () => {
    const { ask } = await roomWithExchange(undefined, 'https://backend.example')
    expect(await ask()).toBe('exchanged-1')
    // RFC 6749 §2.3.1: id and secret form-encoded, then joined by a colon.
    const credentials = Buffer.from('our%3Aid:a+secret%2F%2B%25').toString('base64')
    expect(server.requests).toEqual([
      {
        authorization: `Basic ${credentials}`,
        form: {
          grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
          subject_token: 'provider-access',
          subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
          requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
          audience: 'https://backend.example',
        },
      },
    ])
  })

  it('is kept in the session until it is nearly too old, and exchanged once for all callers', async () => {
    const { ask, advance } = await roomWithExchange()
    await Promise.all(Array.from({ length: 50 }, () => ask()))
    expect(ask()).toBe('exchanged-1')
    advance(560_000)
    expect(ask()).toBe('exchanged-1')
    await settled()
    expect(ask()).toBe('exchanged-2')
    expect(server.requests).toHaveLength(2)
    expect(server.requests[0]?.form).not.toHaveProperty('audience')
  })

  it('is exchanged again, once, when the API refuses it', async () => {
    const { ask } = await roomWithExchange()
    await ask()
    const anew = await Promise.all(Array.from({ length: 10 }, () => ask('exchanged-1')))
    expect(new Set(anew)).toEqual(new Set(['exchanged-2']))
    expect(await ask('exchanged-2')).toBe('exchanged-2')
  })

  it("stands on a provider's token that is refreshed first, and once more where the exchange refuses it", async () => {
    const refresh = jest.fn<RefreshGrant>(async () => ({ ...grant, accessToken: 'provider-newer' }))
    const { ask } = await roomWithExchange(refresh)
    server.answerWith(({ form }, res) =>
      form['subject_token'] === 'provider-newer'
        ? json(res, 200, issued(7))
        : json(res, 400, { error: 'invalid_request' }),
    )
    expect(await ask()).toBe('exchanged-7')
    expect(refresh).toHaveBeenCalledTimes(1)
  })

  it("ends with the session when the provider's grant is dead", async () => {
    const { ask, sessions, open, advance } = await roomWithExchange(async () => {
      throw new ProviderError('code-rejected')
    })
    advance(3_600_000)
    expect(await ask()).toBeUndefined()
    expect(sessions.ended.get(open.handle)).toBe('provider-grant-ended')
    expect(server.requests).toHaveLength(0)
  })

  it('that is exchanged while the session ends is not handed out', async () => {
    const { ask, sessions, open } = await roomWithExchange()
    sessions.onceBeforeUpdate(() => sessions.end(open))
    expect(await ask()).toBeUndefined()
  })

  it.each([
    ['an error', (res) => json(res, 400, { error: 'invalid_target' })],
    ['a client that is not known', (res) => json(res, 401, { error: 'invalid_client' })],
    ['a server error', (res) => res.writeHead(500).end('<html>')],
    ['no JSON', (res) => res.end('hello')],
    ['no token', (res) => json(res, 200, {})],
    [
      'a token that would break the header',
      (res) => json(res, 200, issued(1, { access_token: 'a\r\nX: y' })),
    ],
    ['what is no bearer token', (res) => json(res, 200, issued(1, { token_type: 'N_A' }))],
    ['an expired token', (res) => json(res, 200, issued(1, { expires_in: -1 }))],
    ['too much', (res) => json(res, 200, issued(1, { more: 'x'.repeat(70_000) }))],
    ['a broken connection', (res) => res.destroy()],
  ] satisfies [string, (res: Parameters<typeof json>[0]) => void][])(
    'that cannot be had (%s) is a 503, and the session lives',
    async (_what, answer) => {
      const refresh = jest.fn<RefreshGrant>(async () => ({ ...grant, accessToken: 'provider-newer' }))
      const { ask, sessions, lines } = await roomWithExchange(refresh)
      server.answerWith((_request, res) => answer(res))
      await expect(ask()).rejects.toMatchObject({ code: 'token-unavailable', status: 503 })
      expect(refresh).not.toHaveBeenCalled()
      expect(sessions.ended.size).toBe(0)
      expect(lines.map(({ event }) => event)).toContain('token.exchange-failed')
    },
  )

  it('is sought nowhere else: a redirect would carry the secret to whomever it names', async () => {
    const { ask } = await roomWithExchange()
    server.answerWith((_request, res) =>
      server.requests.length === 1
        ? res.writeHead(307, { Location: `${server.url}?elsewhere` }).end()
        : json(res, 200, issued(1)),
    )
    await expect(ask()).rejects.toMatchObject({ code: 'token-unavailable' })
    expect(server.requests).toHaveLength(1)
  })

  it.each([
    ['"600"', 600, '600'],
    ['missing', 300, undefined],
  ])('takes an expires_in that is %s as %i s', async (_how, seconds, value) => {
    const { ask, sessions, open } = await roomWithExchange()
    server.answerWith((_request, res) => json(res, 200, issued(1, { expires_in: value })))
    await ask()
    expect(Object.values(sessions.member(open).tokens)).toEqual([
      { token: 'exchanged-1', expiresAt: startedAt + seconds * 1000 },
    ])
  })

  it('outlasts an exchange that is down as long as it lives', async () => {
    const { ask, advance } = await roomWithExchange()
    await ask()
    server.answerWith((_request, res) => res.destroy())
    advance(599_000)
    expect(await ask()).toBe('exchanged-1')
    advance(1_000)
    await expect(ask()).rejects.toMatchObject({ code: 'token-unavailable' })
  })
})
