import { afterEach, describe, expect, it } from '@jest/globals'
import request from 'supertest'
import type { MemberSession } from '../../src/session/session.ts'
import {
  day,
  member,
  minute,
  newcomer,
  type Overrides,
  openRoom,
  type Room,
  shelves,
  signIn,
} from './room.ts'

const chrome =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36'
const safari =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1'

describe.each(shelves)('the index of sessions in %s', (_name, redis) => {
  const rooms: Room[] = []
  async function open(overrides: Overrides = {}): Promise<Room> {
    const room = await openRoom({ redis: redis(), ...overrides })
    rooms.push(room)
    return room
  }
  afterEach(async () => {
    await Promise.all(rooms.splice(0).map(({ sessions }) => sessions.close()))
  })

  const lives = async (room: Room, cookie: string) => (await room.sessions.reader.read(cookie)) !== undefined

  it('lists where a user is signed in, by the device names', async () => {
    const room = await open()
    const user = member()
    await signIn(room, user, { userAgent: chrome })
    room.clock.advance(minute)
    await signIn(room, user, { userAgent: safari })
    const list = await room.sessions.index.list(user.user.id)
    expect(list.map(({ device }) => device)).toEqual(['Safari on iOS', 'Chrome on Windows'])
    expect(list[1]).toMatchObject({
      userId: user.user.id,
      provider: 'kakao',
      subject: user.identity.subject,
      createdAt: Date.parse('2026-01-01T00:00:00Z'),
    })
  })

  it('never contains a token', async () => {
    const room = await open()
    const user = member()
    await signIn(room, user)
    expect(JSON.stringify(await room.sessions.index.list(user.user.id))).not.toContain('token')
  })

  it('says when each session was last used', async () => {
    const room = await open()
    const user = member()
    const { cookie } = await signIn(room, user)
    room.clock.advance(10 * minute)
    await request(room.app).post('/touch').set('Cookie', cookie)
    const [entry] = await room.sessions.index.list(user.user.id)
    expect((entry?.lastSeenAt ?? 0) - (entry?.createdAt ?? 0)).toBe(10 * minute)
  })

  it('forgets a session that was signed out, that expired, or that was swept', async () => {
    const room = await open()
    const user = member()
    const [first] = [await signIn(room, user), await signIn(room, user)]
    await request(room.app).post('/end').set('Cookie', first.cookie)
    expect(await room.sessions.index.list(user.user.id)).toHaveLength(1)
    room.clock.advance(day)
    expect(await room.sessions.index.list(user.user.id)).toEqual([])
  })

  describe('ends', () => {
    it('one session of the user, and no other', async () => {
      const room = await open()
      const user = member()
      const [a, b] = [await signIn(room, user), await signIn(room, user)]
      expect(
        await room.sessions.index.end({ handle: a.handle, userId: user.user.id }, 'ended-elsewhere'),
      ).toBe(1)
      expect([await lives(room, a.cookie), await lives(room, b.cookie)]).toEqual([false, true])
    })

    it('nothing when the session is another user’s', async () => {
      const room = await open()
      const [mine, theirs] = [member(), member('somebody-else')]
      await signIn(room, mine)
      const other = await signIn(room, theirs)
      expect(
        await room.sessions.index.end({ handle: other.handle, userId: mine.user.id }, 'ended-elsewhere'),
      ).toBe(0)
      expect(await lives(room, other.cookie)).toBe(true)
    })

    it('every session of the user, or all but one', async () => {
      const room = await open()
      const user = member()
      const all = [await signIn(room, user), await signIn(room, user), await signIn(room, user)]
      const [kept] = all.map(({ handle }) => handle)
      const selector = { userId: user.user.id, except: kept as string }
      expect(await room.sessions.index.end(selector, 'ended-elsewhere')).toBe(2)
      expect((await room.sessions.index.list(user.user.id)).map(({ handle }) => handle)).toEqual([kept])
      expect(await room.sessions.index.end({ userId: user.user.id }, 'ended-elsewhere')).toBe(1)
      expect(await Promise.all(all.map(({ cookie }) => lives(room, cookie)))).toEqual([false, false, false])
    })

    it('those of a provider’s subject, the ones still signing up too', async () => {
      const room = await open()
      const stranger = newcomer()
      const { provider, subject } = stranger.identity
      const same: MemberSession = { ...member(), identity: stranger.identity }
      const [a, b, c] = [await signIn(room, stranger), await signIn(room, same), await signIn(room)]
      expect(await room.sessions.index.end({ provider, subject }, 'ended-by-provider')).toBe(2)
      expect(await Promise.all([a, b, c].map(({ cookie }) => lives(room, cookie)))).toEqual([
        false,
        false,
        true,
      ])
    })

    it('the one of a provider’s session id', async () => {
      const room = await open()
      const withSid = (sid: string): MemberSession => ({
        ...member('u'),
        identity: { ...newcomer().identity, sid },
      })
      const [a, b] = [await signIn(room, withSid('sid-a')), await signIn(room, withSid('sid-b'))]
      expect(await room.sessions.index.end({ provider: 'kakao', sid: 'sid-a' }, 'ended-by-provider')).toBe(1)
      expect([await lives(room, a.cookie), await lives(room, b.cookie)]).toEqual([false, true])
    })

    it('and tells whoever watches', async () => {
      const room = await open()
      const user = member()
      const { cookie } = await signIn(room, user)
      const session = await room.sessions.reader.read(cookie)
      if (!session) throw new Error('no session')
      const told: string[] = []
      room.sessions.reader.watch(session, (reason) => told.push(reason))
      await room.sessions.index.end({ userId: user.user.id }, 'account-disabled')
      expect(told).toEqual(['account-disabled'])
    })
  })

  it('keeps a user to the limit: the oldest by sign-in goes', async () => {
    const room = await open({ limit: 2 })
    const user = member()
    const all = []
    for (let count = 0; count < 4; count += 1) {
      all.push(await signIn(room, user))
      room.clock.advance(minute)
    }
    expect(await Promise.all(all.map(({ cookie }) => lives(room, cookie)))).toEqual([
      false,
      false,
      true,
      true,
    ])
    const answer = await request(room.app)
      .get('/session')
      .set('Cookie', all[0]?.cookie ?? '')
    expect(answer.body).toEqual({ state: 'anonymous', reason: 'session-limit' })
  })

  it('knows who came first even within one millisecond', async () => {
    const room = await open({ limit: 3 })
    const user = member()
    const all = []
    for (let count = 0; count < 8; count += 1) all.push(await signIn(room, user))
    const living = await Promise.all(all.map(({ cookie }) => lives(room, cookie)))
    expect(living).toEqual([false, false, false, false, false, true, true, true])
  })

  it('does not count dead sessions against the limit', async () => {
    const room = await open({ limit: 2 })
    const user = member()
    for (let count = 0; count < 4; count += 1) {
      const { cookie } = await signIn(room, user)
      await request(room.app).post('/end').set('Cookie', cookie)
    }
    const [a, b] = [await signIn(room, user), await signIn(room, user)]
    expect([await lives(room, a.cookie), await lives(room, b.cookie)]).toEqual([true, true])
  })
})
