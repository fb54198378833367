import { describe, expect, it } from '@jest/globals'
import { createProvider } from '../../src/providers/create-provider.ts'
import { github } from './github.ts'
import { finish, publicOrigin, recordingLog } from './room.ts'

/** GitHub by its own addresses: what it answers is given by path. */
function withGithub(answers: Readonly<Record<string, () => Response>>) {
  const asked: { url: string; init: RequestInit | undefined }[] = []
  const network: typeof fetch = async (url, init) => {
    asked.push({ url: String(url), init })
    return answers[new URL(String(url)).pathname]?.() ?? new Response('', { status: 404 })
  }
  const config = {
    id: 'github',
    name: undefined,
    clientId: 'c',
    clientSecret: 's',
    scope: undefined,
    issuer: undefined,
    endpoints: {},
  }
  const context = {
    publicOrigin,
    kakaoAdminKey: undefined,
    offlineAccess: false,
    clock: Date.now,
    log: recordingLog(),
    fetch: network,
    callTimeoutMs: 1_000,
  }
  return { asked, provider: createProvider(github, config, context).provider }
}

const tokens = () => Response.json({ access_token: 'gho_x', scope: 'read:user', token_type: 'bearer' })
const user = () =>
  Response.json({ id: 583231, login: 'octocat', name: null, avatar_url: 'https://a.example/1' })

describe('a provider added by a definition alone', () => {
  it('vouches for a person', async () => {
    const { provider, asked } = withGithub({ '/login/oauth/access_token': tokens, '/user': user })
    const { url, checks } = await provider.authorize('login')
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      scope: 'read:user',
      code_challenge_method: 'S256',
    })
    const query = `code=x&state=${checks.state}&iss=${encodeURIComponent(github.issuer)}`
    const { identity } = await finish(provider, query, checks)
    expect(identity).toEqual({
      provider: 'github',
      subject: '583231',
      nickname: 'octocat',
      picture: 'https://a.example/1',
      emailVerified: false,
    })
    expect(new Headers(asked[0]?.init?.headers).get('accept')).toBe('application/json')
  })

  it('understands errors in a 200', async () => {
    const { provider } = withGithub({
      '/login/oauth/access_token': () =>
        Response.json({ error: 'bad_verification_code', error_description: 'x' }),
    })
    const { checks } = await provider.authorize('login')
    await expect(finish(provider, `code=x&state=${checks.state}`, checks)).rejects.toMatchObject({
      failure: 'code-rejected',
      providerCode: 'bad_verification_code',
    })
  })

  it('refuses another issuer on the callback', async () => {
    const { provider } = withGithub({})
    const { checks } = await provider.authorize('login')
    const query = `code=x&state=${checks.state}&iss=https%3A%2F%2Fgithub.com`
    await expect(finish(provider, query, checks)).rejects.toMatchObject({ failure: 'stale-or-forged' })
  })

  it('has nothing that nobody defined: no refresh, no unlink, no way out', async () => {
    const { provider } = withGithub({})
    const { account } = provider
    const signal = AbortSignal.timeout(1_000)
    await expect(account.refresh({ accessToken: 'x' }, signal)).resolves.toBeUndefined()
    await expect(account.revoke({ accessToken: 'x' }, signal)).resolves.toBeUndefined()
    await expect(account.unlink({ subject: '1' }, { accessToken: 'x' }, signal)).resolves.toBe(false)
    expect(account.readLogoutToken).toBeUndefined()
    expect(account.readUnlinkNotice).toBeUndefined()
  })
})
