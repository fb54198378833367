import { afterEach, describe, expect, it } from '@jest/globals'
import { type Room, startRoom } from './room.ts'

let room: Room
afterEach(() => room.close())

describe('a login', () => {
  it.each(['kakao', 'naver', 'google', 'acme-id'])('is vouched for by %s', async (id) => {
    room = await startRoom({ ids: [id] })
    const person = room.simulated(id).newPerson({ nickname: '보라', email: 'bora@gmail.com' })
    room.simulated(id).as(person)
    const { identity, grant } = await room.login(id)
    expect(identity).toEqual({
      provider: id,
      subject: person.subject,
      nickname: '보라',
      email: 'bora@gmail.com',
      emailVerified: id !== 'naver',
      ...(id === 'acme-id' && { sid: expect.any(String) }),
    })
    expect(grant.accessToken).toEqual(expect.any(String))
    expect(grant.expiresAt).toBeGreaterThan(room.clock() + 3_500_000)
  })

  it('is vouched for by Naver’s OpenID Connect surface, whose ID token and profile name one person', async () => {
    room = await startRoom({ ids: ['naver'], naverOidc: true })
    const { url } = await room.provider('naver').authorize('login')
    expect(url.pathname).toBe('/oauth2/authorize')
    expect(url.searchParams.get('code_challenge_method')).toBe('S256')
    const { identity } = await room.login('naver')
    expect(identity.subject).toBe(room.simulated('naver').lastPerson?.subject)
    expect(room.simulated('naver').requestsTo('token').at(-1)?.path).toBe('/oauth2/token')
  })
})
