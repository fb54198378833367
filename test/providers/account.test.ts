import { afterEach, describe, expect, it } from '@jest/globals'
import type { JWTPayload } from 'jose'
import { faults } from '../../src/testing/faults.ts'
import { publicOrigin, type Room, type RoomOptions, startRoom } from './room.ts'

const day = 24 * 60 * 60_000
const signal = () => AbortSignal.timeout(10_000)
let room: Room
afterEach(() => room.close())

async function member(id: string, options: RoomOptions = {}) {
  room = await startRoom({ ids: [id], offlineAccess: true, ...options })
  const vouched = await room.login(id)
  return { ...vouched, account: room.provider(id).account, simulated: room.simulated(id) }
}

describe('a refresh', () => {
  it('at Kakao keeps the refresh token until it has less than a month left', async () => {
    const { grant, account } = await member('kakao')
    const second = await account.refresh(grant, signal())
    expect(second?.accessToken).not.toBe(grant.accessToken)
    expect(second?.refreshToken).toBe(grant.refreshToken)
    room.advance(35 * day)
    const third = await account.refresh(grant, signal())
    expect(third?.refreshToken).toEqual(expect.any(String))
    expect(third?.refreshToken).not.toBe(grant.refreshToken)
  })

  it.each(['naver', 'google'])('at %s brings no refresh token: the old one stays', async (id) => {
    const { grant, account } = await member(id)
    const next = await account.refresh(grant, signal())
    expect(next).toMatchObject({ accessToken: expect.any(String), refreshToken: grant.refreshToken })
    expect(next?.expiresAt).toBeGreaterThan(room.clock())
  })

  it.each<[string, (claims: JWTPayload) => JWTPayload, boolean]>([
    ['of the same person', (claims) => claims, true],
    ['of another person', (claims) => ({ ...claims, sub: 'somebody-else' }), false],
    ['of another issuer', (claims) => ({ ...claims, iss: 'https://evil.example' }), false],
    ['without a person', ({ sub: _, ...claims }) => claims, false],
  ])('whose answer has an ID token %s: %#', async (_, change, good) => {
    const { grant, identity, account, simulated } = await member('acme')
    const claims = { iss: simulated.origin, sub: identity.subject, aud: simulated.clientId }
    const token = await simulated.idTokens.sign(change(claims))
    simulated.fail(
      'token',
      faults.change((body) => ({ ...body, id_token: token })),
    )
    const refreshed = account.refresh(grant, signal(), identity.subject)
    if (good) await expect(refreshed).resolves.toMatchObject({ accessToken: expect.any(String) })
    else await expect(refreshed).rejects.toMatchObject({ failure: 'code-rejected' })
  })

  it.each([['no token at all'], [42], [null]])('is not failed by an ID token that is %j', async (idToken) => {
    const { grant, identity, account, simulated } = await member('acme')
    simulated.fail(
      'token',
      faults.change((body) => ({ ...body, id_token: idToken })),
    )
    await expect(account.refresh(grant, signal(), identity.subject)).resolves.toBeDefined()
  })

  it('at Google has nothing to work with after a second consent, unless consent was asked for', async () => {
    const { account } = await member('google', { offlineAccess: false })
    const { grant } = await room.login('google')
    expect(grant.refreshToken).toBeUndefined()
    await expect(account.refresh(grant, signal())).resolves.toBeUndefined()
  })

  it('at Google works after each login where API calls need one', async () => {
    const { identity } = await member('google')
    room.simulated('google').as('returning')
    const again = await room.login('google')
    expect(again.identity.subject).toBe(identity.subject)
    expect(again.grant.refreshToken).toEqual(expect.any(String))
  })

  it.each(['kakao', 'naver', 'google', 'acme'])('at %s with a dead grant says so', async (id) => {
    const { grant, identity, account, simulated } = await member(id)
    simulated.disconnect(identity.subject)
    await expect(account.refresh(grant, signal())).rejects.toMatchObject({ failure: 'code-rejected' })
  })

  it.each([
    ['500', faults.answer(500)],
    ['429', faults.answer(429)],
    ['HTML', faults.answer(200, '<html>')],
    ['401: our client', faults.answer(401, { error: 'invalid_client' })],
    ['400: something else', faults.answer(400, { error: 'invalid_request' })],
    ['no access token', faults.answer(200, { token_type: 'bearer' })],
    ['silence', faults.silence()],
  ])('that comes to %s does not call the grant dead', async (_, fault) => {
    const { grant, account, simulated } = await member('google', { callTimeoutMs: 1_000 })
    simulated.fail('token', fault)
    const error = await account.refresh(grant, signal()).catch((one: unknown) => one)
    expect(error).toMatchObject({ name: 'ProviderError' })
    expect(error).not.toMatchObject({ failure: 'code-rejected' })
  })

  it('does not fail over an ID token that nobody reads', async () => {
    const { grant, account, simulated } = await member('kakao')
    simulated.makeIdToken(() => 'not.a.token')
    await expect(account.refresh(grant, signal())).resolves.toMatchObject({ accessToken: expect.any(String) })
  })
})

describe('signing out at the provider', () => {
  it('leads to Kakao by its own parameter', async () => {
    const { identity, account, simulated } = await member('kakao')
    const url = account.logoutUrl(new URL(`${publicOrigin}/`), identity)
    expect(url?.href.startsWith(`${simulated.origin}/oauth/logout?`)).toBe(true)
    expect(Object.fromEntries(url?.searchParams ?? [])).toEqual({
      client_id: 'kakao-client',
      logout_redirect_uri: `${publicOrigin}/`,
    })
    expect((await fetch(url ?? '')).status).toBe(200)
  })

  it('leads to an issuer with a hint of the session', async () => {
    const { identity, account } = await member('acme')
    const url = account.logoutUrl(new URL(`${publicOrigin}/`), identity)
    expect(url?.searchParams.get('logout_hint')).toBe(identity.sid)
    expect(url?.searchParams.get('post_logout_redirect_uri')).toBe(`${publicOrigin}/`)
    expect(url?.searchParams.has('id_token_hint')).toBe(false)
  })

  it('leads to an issuer with the hint that its ID token names, and never with an e-mail address', async () => {
    const { account, identity } = await member('acme')
    const hintFor = async (hint: unknown) => {
      room.simulated('acme').makeIdToken((claims) => ({ ...claims, login_hint: hint, sid: 's-1' }))
      const { identity: named } = await room.login('acme')
      return account.logoutUrl(new URL(`${publicOrigin}/`), named)?.searchParams.get('logout_hint')
    }
    expect(await hintFor('opaque-hint')).toBe('opaque-hint')
    expect(await hintFor('bora@example.com')).toBe('s-1')
    expect(await hintFor(7)).toBe('s-1')
    const { sid: _, ...nameless } = { ...identity, email: 'bora@example.com' }
    const url = account.logoutUrl(new URL(`${publicOrigin}/`), nameless)
    expect(url?.searchParams.has('logout_hint')).toBe(false)
  })

  it.each(['naver', 'google'])('is not possible at %s', async (id) => {
    const { identity, account } = await member(id)
    expect(account.logoutUrl(new URL(`${publicOrigin}/`), identity)).toBeUndefined()
  })

  it('revokes an issuer’s grant by its refresh token', async () => {
    const { grant, account, simulated } = await member('acme')
    await account.revoke(grant, signal())
    expect(simulated.requestsTo('revocation')[0]?.form.get('token')).toBe(grant.refreshToken)
    await expect(account.refresh(grant, signal())).rejects.toMatchObject({ failure: 'code-rejected' })
  })

  it.each(['naver', 'google', 'kakao'])(
    'revokes nothing at %s, where that would end the connection or is not offered',
    async (id) => {
      const { grant, account, simulated } = await member(id)
      await account.revoke(grant, signal())
      expect(simulated.requestsTo('revocation')).toEqual([])
      await expect(account.refresh(grant, signal())).resolves.toBeDefined()
    },
  )

  it.each([
    [503, { error: 'temporarily_unavailable' }, 'unavailable'],
    [401, { error: 'unauthorized_client' }, 'misconfigured'],
  ])('says why a revocation failed (%s)', async (status, body, failure) => {
    const { grant, account, simulated } = await member('acme')
    simulated.fail('revocation', faults.answer(status, body))
    await expect(account.revoke(grant, signal())).rejects.toMatchObject({ failure })
  })
})

describe('unlinking', () => {
  it.each(['naver', 'google'])(
    'at %s revokes an access token, which takes the connection along',
    async (id) => {
      const { identity, grant, account } = await member(id)
      await expect(account.unlink(identity, grant, signal())).resolves.toBe(true)
      await expect(account.refresh(grant, signal())).rejects.toMatchObject({ failure: 'code-rejected' })
    },
  )

  it.each(['naver', 'google'])('at %s refreshes an expired token first', async (id) => {
    const { identity, grant, account, simulated } = await member(id)
    room.advance(2 * 60 * 60_000)
    await expect(account.unlink(identity, grant, signal())).resolves.toBe(true)
    const revoked = simulated.requestsTo('revocation')[0]?.form.get('token')
    expect(revoked).not.toBe(grant.accessToken)
    await expect(account.refresh(grant, signal())).rejects.toMatchObject({ failure: 'code-rejected' })
  })

  it('at Kakao takes the admin key and needs no token', async () => {
    const { identity, grant, account, simulated } = await member('kakao')
    await expect(account.unlink(identity, undefined, signal())).resolves.toBe(true)
    const call = simulated.requestsTo('unlink')[0]
    expect(call?.headers.authorization).toBe(`KakaoAK ${simulated.adminKey}`)
    expect(Object.fromEntries(call?.form ?? [])).toEqual({
      target_id_type: 'user_id',
      target_id: identity.subject,
    })
    await expect(account.refresh(grant, signal())).rejects.toMatchObject({ failure: 'code-rejected' })
    // Not connected any more: that is what was asked for.
    await expect(account.unlink(identity, undefined, signal())).resolves.toBe(true)
  })

  it('at Kakao without an admin key takes the person’s own token, refreshed', async () => {
    const { identity, grant, account, simulated } = await member('kakao', { kakaoAdminKey: undefined })
    await expect(account.unlink(identity, undefined, signal())).resolves.toBe(false)
    room.advance(7 * 60 * 60_000)
    await expect(account.unlink(identity, grant, signal())).resolves.toBe(true)
    expect(simulated.requestsTo('unlink')[0]?.headers.authorization).toMatch(/^Bearer /)
  })

  it.each(['kakao', 'naver', 'google'])(
    'at %s without anything live to do it with is not possible',
    async (id) => {
      const { identity, grant, account, simulated } = await member(id, { kakaoAdminKey: undefined })
      simulated.disconnect(identity.subject)
      room.advance(7 * 60 * 60_000)
      await expect(account.unlink(identity, grant, signal())).resolves.toBe(false)
      await expect(account.unlink(identity, undefined, signal())).resolves.toBe(false)
    },
  )

  it('that the provider cannot do now says so', async () => {
    const { identity, grant, account, simulated } = await member('kakao')
    simulated.fail('unlink', faults.answer(503))
    await expect(account.unlink(identity, grant, signal())).rejects.toMatchObject({ failure: 'unavailable' })
    simulated.fail('unlink', faults.answer(401, { msg: 'wrong appKey', code: -401 }))
    await expect(account.unlink(identity, grant, signal())).rejects.toMatchObject({
      failure: 'misconfigured',
    })
  })
})
