import { createHash } from 'node:crypto'
import { afterEach, describe, expect, it } from '@jest/globals'
import type { Intent } from '../../src/providers/provider.ts'
import { publicOrigin, type Room, type RoomOptions, startRoom } from './room.ts'

let room: Room
afterEach(() => room.close())

async function ask(id: string, intent: Intent = 'login', options: RoomOptions = {}) {
  room = await startRoom({ ids: [id], ...options })
  const { url, checks } = await room.provider(id).authorize(intent)
  return { url, checks, asked: Object.fromEntries(url.searchParams) }
}

describe('an authorization request', () => {
  it.each(['kakao', 'google', 'acme'])('to %s has state, nonce and PKCE S256 of its own', async (id) => {
    const { asked, checks } = await ask(id)
    const challenge = createHash('sha256')
      .update(checks.codeVerifier ?? '')
      .digest('base64url')
    expect(asked).toMatchObject({
      response_type: 'code',
      client_id: `${id}-client`,
      redirect_uri: `${publicOrigin}/auth/callback/${id}`,
      state: checks.state,
      nonce: checks.nonce,
      code_challenge: challenge,
      code_challenge_method: 'S256',
    })
    const again = (await room.provider(id).authorize('login')).checks
    expect([again.state, again.nonce, again.codeVerifier]).not.toContain(checks.state)
    expect(again.nonce).not.toBe(checks.nonce)
    expect(again.codeVerifier).not.toBe(checks.codeVerifier)
  })

  it('to Naver has what its OAuth 2.0 surface takes, and no more', async () => {
    const { asked, checks } = await ask('naver')
    expect(asked).toEqual({
      response_type: 'code',
      client_id: 'naver-client',
      redirect_uri: `${publicOrigin}/auth/callback/naver`,
      state: checks.state,
    })
    expect(checks).toEqual({ state: checks.state })
  })

  it('to Naver with an issuer has PKCE and a nonce that cannot end in A', async () => {
    const { asked, url } = await ask('naver', 'login', { naverOidc: true })
    expect(url.pathname).toBe('/oauth2/authorize')
    expect(asked).toMatchObject({ scope: 'openid profile', code_challenge_method: 'S256' })
    expect(asked['nonce']).toMatch(/^[0-9a-f]{64}$/)
  })

  it.each<[string, Intent, object]>([
    ['kakao', 'reauthenticate', { prompt: 'login' }],
    ['kakao', 'select-account', { prompt: 'select_account' }],
    ['naver', 'reauthenticate', { auth_type: 'reauthenticate' }],
    ['naver', 'reconsent', { auth_type: 'reprompt' }],
    ['google', 'select-account', { prompt: 'select_account' }],
    ['google', 'reconsent', { prompt: 'consent' }],
    ['acme', 'reauthenticate', { prompt: 'login', max_age: '0' }],
    ['acme', 'select-account', { prompt: 'select_account' }],
    ['acme', 'reconsent', { prompt: 'consent' }],
  ])('tells %s to %s in its own words', async (id, intent, words) => {
    const { asked } = await ask(id, intent)
    expect(asked).toMatchObject(words)
    expect(room.provider(id).intents.has(intent)).toBe(true)
  })

  it.each<[string, Intent]>([
    ['kakao', 'reconsent'],
    ['naver', 'select-account'],
    ['google', 'reauthenticate'],
  ])('knows that %s cannot %s', async (id, intent) => {
    room = await startRoom({ ids: [id] })
    expect(room.provider(id).intents.has(intent)).toBe(false)
    await expect(room.provider(id).authorize(intent)).rejects.toMatchObject({ failure: 'misconfigured' })
  })

  it('asks Google for a refresh token only where API calls need one', async () => {
    expect((await ask('google')).asked).not.toHaveProperty('access_type')
    await room.close()
    const offline = await ask('google', 'select-account', { offlineAccess: true })
    expect(offline.asked).toMatchObject({ access_type: 'offline', prompt: 'select_account consent' })
  })

  it('asks an issuer that offers it for offline access, with the consent that this takes', async () => {
    const { asked } = await ask('acme', 'login', { offlineAccess: true })
    expect(asked).toMatchObject({ scope: 'openid profile email offline_access', prompt: 'consent' })
  })

  it('asks for the configured scope, with openid whatever it says', async () => {
    const { asked } = await ask('kakao', 'login', {
      configure: (config) => ({ ...config, scope: 'account_email,profile_nickname' }),
    })
    expect(asked['scope']).toBe('openid account_email profile_nickname')
  })

  it('asks Kakao by default only for what needs no review', async () => {
    const { asked } = await ask('kakao', 'login', {
      configure: ({ scope: _, ...config }) => ({ ...config, scope: undefined }),
    })
    expect(asked['scope']).toBe('openid profile_nickname')
  })

  it('keeps the query that an issuer has put into its address', async () => {
    const { asked } = await ask('acme', 'login', {
      configure: (config) => ({
        ...config,
        endpoints: { authorization: 'https://idp.example/authorize?policy=sign-in' },
      }),
    })
    expect(asked).toMatchObject({ policy: 'sign-in', response_type: 'code' })
  })
})
