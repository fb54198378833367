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
})
