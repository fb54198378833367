import { describe, expect, it, jest } from '@jest/globals'
import type { RefreshGrant } from '../../src/api-token/provider-tokens.ts'
import { ProviderError } from '../../src/providers/provider.ts'
import type { Grant } from '../../src/session/session.ts'
import { createTokenRoom, member, settled, startedAt } from './token-room.ts'

const request = { kind: 'provider', audience: '' } as const
const minutes = (n: number) => n * 60_000

/** A provider that rotates: a refresh token works once. Each grant lasts `lifetimeMs` longer than the one before. */
function rotatingProvider(lifetimeMs = minutes(60)) {
  const grants: Grant[] = [grantNumber(0, startedAt + lifetimeMs)]
  const refresh = jest.fn<RefreshGrant>(async (_provider, grant) => {
    await new Promise((resolve) => setTimeout(resolve, 10))
    if (grant.refreshToken !== grants.at(-1)?.refreshToken) throw new ProviderError('code-rejected')
    grants.push(grantNumber(grants.length, startedAt + lifetimeMs * (grants.length + 1)))
    return grants.at(-1)
  })
  return { refresh, first: grants[0] as Grant }
}

function grantNumber(n: number, expiresAt: number): Grant {
  return { accessToken: `access-${n}`, refreshToken: `refresh-${n}`, expiresAt }
}

async function roomWithGrant(refresh: RefreshGrant, grant: Grant | undefined) {
  const room = await createTokenRoom({ refresh })
  const open = room.sessions.add(member(grant && { grant }))
  const ask = (rejected?: string) => room.tokens.tokenFor(room.sessions.now(open) ?? open, request, rejected)
  return { ...room, open, ask }
}

const failing = (failure: ConstructorParameters<typeof ProviderError>[0]) =>
  jest.fn<RefreshGrant>(async () => {
    throw new ProviderError(failure)
  })

describe("a provider's token", () => {
  it('is handed out without a promise while it is good', async () => {
    const { refresh, first } = rotatingProvider()
    const { ask } = await roomWithGrant(refresh, first)
    expect(ask()).toBe('access-0')
    expect(refresh).not.toHaveBeenCalled()
  })

  it('without a known end is used as it is', async () => {
    const { refresh } = rotatingProvider()
    const { ask } = await roomWithGrant(refresh, { accessToken: 'endless' })
    expect(ask()).toBe('endless')
  })

  it('is refreshed before it expires, beside the call', async () => {
    const { refresh, first } = rotatingProvider()
    const { ask, advance } = await roomWithGrant(refresh, first)
    advance(minutes(60) - 45_000)
    expect(ask()).toBe('access-0')
    await settled()
    expect(ask()).toBe('access-1')
    expect(refresh).toHaveBeenCalledTimes(1)
  })

  it('that has expired is refreshed once for all who come together, and for those with an old copy', async () => {
    const { refresh, first } = rotatingProvider()
    const { ask, advance, tokens, open } = await roomWithGrant(refresh, first)
    advance(minutes(61))
    const together = await Promise.all(Array.from({ length: 100 }, () => ask()))
    expect(new Set(together)).toEqual(new Set(['access-1']))
    expect(await tokens.tokenFor(open, request)).toBe('access-1')
    expect(refresh).toHaveBeenCalledTimes(1)
  })

  it('is not asked for again and again where tokens last only seconds', async () => {
    const { refresh } = rotatingProvider(20_000)
    const { ask, advance } = await roomWithGrant(refresh, grantNumber(0, startedAt + 20_000))
    for (let second = 0; second < 10; second += 1) {
      await ask()
      await settled()
      advance(900)
    }
    expect(refresh).toHaveBeenCalledTimes(1)
  })

  it('whose refresh fails for the moment stays in use as long as it lives, then the answer is 503', async () => {
    for (const failure of ['unavailable', 'rate-limited', 'misconfigured'] as const) {
      const { ask, advance, open, sessions } = await roomWithGrant(failing(failure), rotatingProvider().first)
      advance(minutes(60) - 10_000)
      expect(await ask()).toBe('access-0')
      advance(10_000)
      await expect(ask()).rejects.toMatchObject({ code: 'token-unavailable', status: 503 })
      expect(sessions.now(open)).toBeDefined()
    }
  })

  it('comes back as soon as its provider does', async () => {
    const { refresh, first } = rotatingProvider()
    const { ask, advance } = await roomWithGrant(refresh, first)
    advance(minutes(61))
    refresh.mockRejectedValueOnce(new TypeError('fetch failed'))
    await expect(ask()).rejects.toMatchObject({ code: 'token-unavailable' })
    expect(await ask()).toBe('access-1')
  })

  it('whose grant is dead ends the session', async () => {
    const { ask, advance, sessions, open, lines } = await roomWithGrant(
      failing('code-rejected'),
      rotatingProvider().first,
    )
    advance(minutes(61))
    expect(await ask()).toBeUndefined()
    expect(sessions.ended.get(open.handle)).toBe('provider-grant-ended')
    expect(lines).toContainEqual({
      event: 'token.grant-ended',
      fields: { provider: 'kakao', session: open.handle },
    })
  })

  it('that another instance renewed in the meantime keeps the session alive', async () => {
    const { refresh, first } = rotatingProvider()
    const room = await roomWithGrant(refresh, first)
    refresh.mockImplementationOnce(async () => {
      room.sessions.change(room.open, (session) => ({
        ...session,
        grant: grantNumber(7, startedAt + minutes(120)),
      }))
      throw new ProviderError('code-rejected')
    })
    room.advance(minutes(61))
    expect(await room.ask()).toBe('access-7')
    expect(room.sessions.ended.size).toBe(0)
  })

  it('that has expired with nothing to refresh it ends the session', async () => {
    const nothing = jest.fn<RefreshGrant>(async () => undefined)
    const { ask, advance, sessions, open } = await roomWithGrant(nothing, {
      accessToken: 'access-0',
      expiresAt: startedAt + minutes(60),
    })
    advance(minutes(60) - 1_000)
    expect(await ask()).toBe('access-0')
    advance(1_000)
    expect(await ask()).toBeUndefined()
    expect(sessions.ended.get(open.handle)).toBe('provider-grant-ended')
  })

  it('gives nothing for a session that ended, and ends none that ended while it was refreshed', async () => {
    const { refresh, first } = rotatingProvider()
    const { ask, advance, sessions, open } = await roomWithGrant(refresh, first)
    advance(minutes(61))
    sessions.onceBeforeUpdate(() => sessions.end(open))
    expect(await ask()).toBeUndefined()
    expect(sessions.ended.size).toBe(0)
  })

  it('that was rotated is not lost when the store fails at that moment', async () => {
    const { refresh, first } = rotatingProvider()
    const { ask, advance, sessions, open, tokens } = await roomWithGrant(refresh, first)
    advance(minutes(61))
    refresh.mockImplementationOnce(async (...call) => {
      const fresh = await refresh.getMockImplementation()?.(...call)
      sessions.setDown(true)
      return fresh
    })
    expect(await ask()).toBe('access-1')
    sessions.setDown(false)
    expect(await tokens.tokenFor(open, request)).toBe('access-1')
    expect(sessions.member(open).grant?.refreshToken).toBe('refresh-1')
    expect(refresh).toHaveBeenCalledTimes(1)
  })
})

describe("a provider's token that an API refused", () => {
  it('is replaced once for all whom it was refused to', async () => {
    const { refresh, first } = rotatingProvider()
    const { tokens, open } = await roomWithGrant(refresh, first)
    const ask = () => tokens.tokenFor(open, request, 'access-0')
    expect(new Set(await Promise.all(Array.from({ length: 20 }, ask)))).toEqual(new Set(['access-1']))
    expect(await ask()).toBe('access-1')
    expect(refresh).toHaveBeenCalledTimes(1)
  })

  it('is left as it is when the API refuses the new one too', async () => {
    const { refresh, first } = rotatingProvider()
    const { ask, advance } = await roomWithGrant(refresh, first)
    expect(await ask('access-0')).toBe('access-1')
    for (let n = 0; n < 5; n += 1) expect(await ask('access-1')).toBe('access-1')
    expect(refresh).toHaveBeenCalledTimes(1)
    advance(11_000)
    expect(await ask('access-1')).toBe('access-2')
  })

  it('is not asked for anew by somebody who was refused an older one', async () => {
    const { refresh, first } = rotatingProvider()
    const { ask } = await roomWithGrant(refresh, first)
    expect(await ask('some older token')).toBe('access-0')
    expect(refresh).not.toHaveBeenCalled()
  })

  it('stays when it cannot be refreshed: that alone ends no session', async () => {
    const { ask, sessions } = await roomWithGrant(async () => undefined, rotatingProvider().first)
    expect(await ask('access-0')).toBe('access-0')
    expect(sessions.ended.size).toBe(0)
  })
})
