import { afterEach, describe, expect, it } from '@jest/globals'
import { createProviders } from '../../src/providers/create-providers.ts'
import type { Intent, Provider } from '../../src/providers/provider.ts'
import { type OidcIssuer, type OidcIssuerOptions, startOidcIssuer } from '../support/oidc-issuer.ts'
import { publicOrigin, recordingLog } from './room.ts'

// The certified `oidc-provider`, reached by configuration alone: no line of coatcheck knows it.

const redirectUri = `${publicOrigin}/auth/callback/acme`
const signal = () => AbortSignal.timeout(10_000)

describe.each<Omit<OidcIssuerOptions, 'redirectUri'>>([
  { clientAuth: 'client_secret_basic', pushed: true },
  { clientAuth: 'client_secret_post', pushed: false },
  { clientAuth: 'private_key_jwt', pushed: true },
])('a certified issuer with %j', (options) => {
  let issuer: OidcIssuer
  let provider: Provider
  afterEach(() => issuer.close())

  async function start() {
    issuer = await startOidcIssuer({ redirectUri, ...options })
    const { clientId, clientSecret } = issuer
    const providers = createProviders({
      providers: [
        {
          id: 'acme',
          name: undefined,
          clientId,
          clientSecret,
          scope: undefined,
          issuer: issuer.issuer,
          endpoints: {},
        },
      ],
      publicOrigin,
      kakaoAdminKey: undefined,
      offlineAccess: true,
      clock: Date.now,
      log: recordingLog(),
    })
    provider = providers.all.get('acme') as Provider
  }

  async function reach(account: string, intent: Intent = 'login') {
    const { url, checks } = await provider.authorize(intent)
    const back = await issuer.walk(url, account)
    return { url, checks, query: back.search.slice(1) }
  }

  it('vouches for a person', async () => {
    await start()
    const { url, checks, query } = await reach('bora')
    if (options.pushed) {
      // RFC 9126 §4: the browser carries a reference and nothing else.
      expect([...url.searchParams.keys()].sort()).toEqual(['client_id', 'request_uri'])
      expect(issuer.requests).toContain('POST /request')
    } else expect(url.searchParams.get('code_challenge_method')).toBe('S256')
    expect(new URLSearchParams(query).get('iss')).toBe(issuer.issuer)
    const { identity, grant } = await provider.finish(query, checks, signal())
    expect(identity).toMatchObject({
      provider: 'acme',
      subject: 'bora',
      nickname: 'nick-bora',
      email: 'bora@example.com',
      emailVerified: true,
    })
    expect(grant).toMatchObject({ accessToken: expect.any(String), refreshToken: expect.any(String) })
  })

  it('says when a person does not want to', async () => {
    await start()
    const { checks, query } = await reach('nobody')
    await expect(provider.finish(query, checks, signal())).rejects.toMatchObject({ failure: 'denied' })
  })

  it('refuses a code that was used', async () => {
    await start()
    const { checks, query } = await reach('bora')
    await provider.finish(query, checks, signal())
    await expect(provider.finish(query, checks, signal())).rejects.toMatchObject({ failure: 'code-rejected' })
  })

  it('refuses a code that another attempt asked for: PKCE', async () => {
    await start()
    const { checks, query } = await reach('bora')
    const other = { ...checks, codeVerifier: 'x'.repeat(43) }
    await expect(provider.finish(query, other, signal())).rejects.toMatchObject({ failure: 'code-rejected' })
  })

  it.each(['reauthenticate', 'reconsent'] as const)('understands %s', async (intent) => {
    await start()
    const { checks, query } = await reach('bora', intent)
    const { authenticatedAt } = await provider.finish(query, checks, signal())
    if (intent === 'reauthenticate') expect(authenticatedAt).toBeGreaterThan(Date.now() - 30_000)
  })

  it('refreshes with a refresh token that rotates, and knows a dead one', async () => {
    await start()
    const { checks, query } = await reach('bora')
    const { grant } = await provider.finish(query, checks, signal())
    const next = await provider.account.refresh(grant, signal())
    expect(next?.accessToken).not.toBe(grant.accessToken)
    expect(next?.refreshToken).not.toBe(grant.refreshToken)
    await expect(provider.account.refresh(grant, signal())).rejects.toMatchObject({
      failure: 'code-rejected',
    })
  })

  it('revokes what it granted', async () => {
    await start()
    const { checks, query } = await reach('bora')
    const { grant } = await provider.finish(query, checks, signal())
    await provider.account.revoke(grant, signal())
    await expect(provider.account.refresh(grant, signal())).rejects.toMatchObject({
      failure: 'code-rejected',
    })
  })

  it('has a way out of its own, without an ID token in the address', async () => {
    await start()
    const { checks, query } = await reach('bora')
    const { identity } = await provider.finish(query, checks, signal())
    const url = provider.account.logoutUrl(new URL(`${publicOrigin}/`), identity)
    expect(url?.origin).toBe(issuer.issuer)
    expect(Object.fromEntries(url?.searchParams ?? [])).toEqual({
      client_id: issuer.clientId,
      post_logout_redirect_uri: `${publicOrigin}/`,
      logout_hint: expect.any(String),
    })
  })
})
