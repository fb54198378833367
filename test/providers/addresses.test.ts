import { afterEach, describe, expect, it } from '@jest/globals'
import { type Room, startRoom } from './room.ts'

let room: Room
afterEach(() => room.close())

describe('an address that we ask', () => {
  it('never holds a token, a code or a secret (RFC 9700 §4.3.2)', async () => {
    const ids = ['kakao', 'naver', 'google', 'acme']
    room = await startRoom({ ids, offlineAccess: true })
    for (const id of ids) {
      const { grant, identity } = await room.login(id)
      const { account } = room.provider(id)
      const signal = AbortSignal.timeout(10_000)
      await account.refresh(grant, signal)
      await account.revoke(grant, signal)
      await account.unlink({ subject: identity.subject }, grant, signal)
      const asked = room.simulated(id).requests.filter(({ endpoint }) => endpoint !== 'authorization')
      expect(asked.map(({ endpoint }) => endpoint)).toContain('token')
      const secrets = [grant.accessToken, grant.refreshToken, room.simulated(id).clientSecret]
      for (const { endpoint, path, query } of asked) {
        const address = `${path}?${query}`
        expect([id, endpoint, secrets.filter((secret) => secret && address.includes(secret))]).toEqual([
          id,
          endpoint,
          [],
        ])
        expect([id, endpoint, [...query.keys()].filter((name) => /token|code|secret/.test(name))]).toEqual([
          id,
          endpoint,
          [],
        ])
      }
    }
  })
})
