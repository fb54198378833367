import { afterEach, describe, expect, it } from '@jest/globals'
import type { ProviderFailure } from '../../src/providers/provider.ts'
import { finish, type Room, reachCallback, startRoom } from './room.ts'

let room: Room
afterEach(() => room.close())

/** A callback that the person has agreed to, ready to be tampered with. */
async function callback(id = 'google') {
  room = await startRoom({ ids: [id] })
  const simulated = room.simulated(id)
  const { query, checks } = await reachCallback(room.provider(id), simulated)
  const refused = async (query: string, failure: ProviderFailure) => {
    await expect(finish(room.provider(id), query, checks)).rejects.toMatchObject({ failure })
    // Whatever was wrong with the callback, the code was not spent on it.
    expect(simulated.requestsTo('token')).toEqual([])
  }
  const changed = (change: (parameters: URLSearchParams) => void) => {
    const parameters = new URLSearchParams(query)
    change(parameters)
    return parameters.toString()
  }
  return { query, checks, simulated, refused, changed }
}

describe('a denial', () => {
  it.each([
    ['kakao', 'User denied access'],
    ['naver', 'Canceled By User'],
    ['google', null],
    ['acme', null],
  ])('by a person at %s is one', async (id, description) => {
    room = await startRoom({ ids: [id] })
    room.simulated(id).as('deny')
    const { query, checks } = await reachCallback(room.provider(id), room.simulated(id))
    expect(new URLSearchParams(query).get('error_description')).toBe(description)
    await expect(finish(room.provider(id), query, checks)).rejects.toMatchObject({
      failure: 'denied',
      providerCode: 'access_denied',
    })
  })

  it('with another state is a forgery', async () => {
    const { refused } = await callback()
    await refused('error=access_denied&state=forged', 'stale-or-forged')
    await refused('error=access_denied', 'stale-or-forged')
  })

  it('wins over a code that came with it', async () => {
    const { query, refused } = await callback()
    await refused(`${query}&error=access_denied`, 'denied')
  })
})

describe('an error that a provider sends back', () => {
  it.each<[string, ProviderFailure]>([
    ['user_cancelled_authorize', 'denied'],
    ['consent_required', 'denied'],
    ['login_required', 'denied'],
    ['invalid_scope', 'misconfigured'],
    ['unauthorized_client', 'misconfigured'],
    ['invalid_request', 'misconfigured'],
    ['unsupported_response_type', 'misconfigured'],
    ['server_error', 'unavailable'],
    ['temporarily_unavailable', 'unavailable'],
    ['something_new', 'code-rejected'],
  ])('%s is %s', async (error, failure) => {
    const { checks, refused } = await callback('kakao')
    await refused(`error=${error}&state=${checks.state}`, failure)
  })

  it('reaches operators as a code without control characters, never as a description', async () => {
    const { checks } = await callback('kakao')
    const hostile = `error=${encodeURIComponent('x\r\nevil<script>')}&error_description=secret&state=${checks.state}`
    const error = await finish(room.provider('kakao'), hostile, checks).catch((one: Error) => one)
    expect(error).toMatchObject({ providerCode: 'x__evil_script_' })
    expect(String(error)).not.toMatch(/secret|script/)
  })
})

describe('a callback', () => {
  it('with another state, without one, or with two is a forgery', async () => {
    const { refused, changed, query, checks } = await callback()
    await refused(
      changed((p) => p.set('state', 'forged')),
      'stale-or-forged',
    )
    await refused(
      changed((p) => p.delete('state')),
      'stale-or-forged',
    )
    await refused(`${query}&state=${checks.state}`, 'stale-or-forged')
  })

  it('with two codes is a forgery', async () => {
    const { refused, query } = await callback()
    await refused(`${query}&code=another`, 'stale-or-forged')
  })

  it('from another issuer is a forgery, advertised or not (RFC 9207)', async () => {
    const { refused, changed } = await callback('google')
    await refused(
      changed((p) => p.set('iss', 'https://evil.example')),
      'stale-or-forged',
    )
  })

  it('without iss is good where the provider does not promise one', async () => {
    const { changed, checks } = await callback('google')
    const { identity } = await finish(
      room.provider('google'),
      changed((p) => p.delete('iss')),
      checks,
    )
    expect(identity.provider).toBe('google')
  })

  it('without iss is a forgery where the metadata promise one', async () => {
    const { refused, changed } = await callback('acme')
    await refused(
      changed((p) => p.delete('iss')),
      'stale-or-forged',
    )
  })

  it('without code and error, or with an empty code, is refused', async () => {
    const { refused, changed } = await callback('kakao')
    await refused(
      changed((p) => p.delete('code')),
      'stale-or-forged',
    )
  })

  it.each(['%00', '%ff%fe', `${'c'.repeat(8192)}`, '%E0%A4%A', '%'])(
    'with an odd code (%.12s) ends in a class of ours',
    async (code) => {
      const { checks } = await callback('kakao')
      await expect(
        finish(room.provider('kakao'), `code=${code}&state=${checks.state}`, checks),
      ).rejects.toMatchObject({ name: 'ProviderError' })
    },
  )

  it('brings the redirect URI that was registered, wherever the request says it came from', async () => {
    const { query, checks, simulated } = await callback('kakao')
    await finish(room.provider('kakao'), query, checks)
    expect(simulated.requestsTo('token')[0]?.form.get('redirect_uri')).toBe(
      'http://localhost:3000/auth/callback/kakao',
    )
  })

  it('for Naver brings the state to the token call too', async () => {
    const { query, checks, simulated } = await callback('naver')
    await finish(room.provider('naver'), query, checks)
    expect(simulated.requestsTo('token')[0]?.form.get('state')).toBe(checks.state)
  })

  it('cannot change what the token call says', async () => {
    const { query, checks, simulated } = await callback('kakao')
    await finish(
      room.provider('kakao'),
      `${query}&redirect_uri=https://evil.example&client_id=x&grant_type=password&code_verifier=x`,
      checks,
    )
    expect(Object.fromEntries(simulated.requestsTo('token')[0]?.form ?? [])).toEqual({
      grant_type: 'authorization_code',
      client_id: 'kakao-client',
      client_secret: simulated.clientSecret,
      code: new URLSearchParams(query).get('code'),
      code_verifier: checks.codeVerifier,
      redirect_uri: 'http://localhost:3000/auth/callback/kakao',
    })
  })
})
