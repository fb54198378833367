import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { createClient } from 'redis'
import request from 'supertest'
import { redisUrl } from '../support/services.ts'
import {
  createTestClock,
  day,
  hour,
  member,
  minute,
  type Overrides,
  openRoom,
  type Room,
  redisConfig,
  secret,
  shelves,
  signIn,
  type Visitor,
} from './room.ts'

const rooms: Room[] = []
async function open(overrides: Overrides = {}): Promise<Room> {
  const room = await openRoom(overrides)
  rooms.push(room)
  return room
}
afterEach(async () => {
  await Promise.all(rooms.splice(0).map(({ sessions }) => sessions.close()))
})

const newYear = Date.parse('2026-01-01T00:00:00Z')
const signOut = ({ app }: Room, { cookie }: Visitor) => request(app).post('/end').set('Cookie', cookie)
const reasons = async ({ sessions }: Room, userId: string) =>
  (await sessions.index.ended(userId)).map(({ reason }) => reason)

describe.each(shelves)('why somebody was signed out, in %s', (_name, redis) => {
  it('is known with the time and the device', async () => {
    const room = await open({ redis: redis() })
    const user = member()
    const [a, b] = [await signIn(room, user), await signIn(room, user)]
    room.clock.advance(minute)
    await signOut(room, a)
    room.clock.advance(minute)
    await room.sessions.index.end({ userId: user.user.id }, 'account-disabled')
    const common = { provider: 'kakao', device: 'Unknown device', createdAt: newYear, lastSeenAt: newYear }
    expect(await room.sessions.index.ended(user.user.id)).toEqual([
      { ...common, handle: b.handle, reason: 'account-disabled', endedAt: newYear + 2 * minute },
      { ...common, handle: a.handle, reason: 'signed-out', endedAt: newYear + minute },
    ])
  })

  it('is known for 30 days, of each session, and then no more', async () => {
    const room = await open({ redis: redis() })
    const user = member()
    await signOut(room, await signIn(room, user))
    room.clock.advance(10 * day)
    await room.sessions.index.end(
      { handle: (await signIn(room, user)).handle, userId: user.user.id },
      'session-limit',
    )
    room.clock.advance(20 * day - 1)
    expect(await reasons(room, user.user.id)).toEqual(['session-limit', 'signed-out'])
    room.clock.advance(1)
    expect(await reasons(room, user.user.id)).toEqual(['session-limit'])
    room.clock.advance(10 * day)
    expect(await reasons(room, user.user.id)).toEqual([])
  })

  it('is known of the latest twenty', async () => {
    const room = await open({ redis: redis() })
    const user = member()
    const handles: string[] = []
    for (let count = 0; count < 23; count += 1) {
      const visitor = await signIn(room, user)
      room.clock.advance(minute)
      await signOut(room, visitor)
      handles.unshift(visitor.handle)
    }
    const ended = await room.sessions.index.ended(user.user.id)
    expect(ended.map(({ handle }) => handle)).toEqual(handles.slice(0, 20))
  })

  it('is the first reason, where a session is ended twice', async () => {
    const room = await open({ redis: redis() })
    const user = member()
    const { handle, cookie } = await signIn(room, user)
    await Promise.all([
      room.sessions.index.end({ userId: user.user.id, handle }, 'ended-elsewhere'),
      request(room.app).post('/end').set('Cookie', cookie),
    ])
    expect(await room.sessions.index.ended(user.user.id)).toHaveLength(1)
  })

  it('is told by nobody else’s user id', async () => {
    const room = await open({ redis: redis() })
    const user = member()
    await signOut(room, await signIn(room, user))
    expect(await room.sessions.index.ended(`${user.user.id}-2`)).toEqual([])
  })

  it('is not asked of a session that a newer one replaced', async () => {
    const room = await open({ redis: redis() })
    const user = member()
    const { cookie } = await signIn(room, user)
    await signIn(room, user, { cookie })
    expect(await reasons(room, user.user.id)).toEqual([])
  })

  describe('by a limit', () => {
    it('is told with the time of the limit, whenever it is looked at', async () => {
      const room = await open({ redis: redis() })
      const user = member()
      const { cookie, handle } = await signIn(room, user)
      room.clock.advance(hour)
      await request(room.app).post('/touch').set('Cookie', cookie)
      room.clock.advance(30 * hour)
      expect(await room.sessions.index.ended(user.user.id)).toMatchObject([
        { handle, reason: 'expired', lastSeenAt: newYear + hour, endedAt: newYear + 25 * hour },
      ])
    })

    it('is told after the record itself is gone: the latest time that it can have been', async () => {
      const room = await open({ redis: redis(), idleTimeoutMs: 100, absoluteTimeoutMs: day })
      const user = member()
      const { handle } = await signIn(room, user)
      room.clock.advance(20 * day)
      await forget(room, handle)
      expect(await room.sessions.index.ended(user.user.id)).toMatchObject([
        { handle, reason: 'expired', endedAt: newYear + day },
      ])
      room.clock.advance(11 * day)
      expect(await reasons(room, user.user.id)).toEqual([])
    })

    it('takes its place among later ends that were noted before it', async () => {
      const room = await open({ redis: redis() })
      const user = member()
      const expiring = await signIn(room, user)
      room.clock.advance(26 * hour)
      await signOut(room, await signIn(room, user))
      const ended = await room.sessions.index.ended(user.user.id)
      expect(ended.map(({ reason }) => reason)).toEqual(['signed-out', 'expired'])
      expect(ended[1]).toMatchObject({ handle: expiring.handle, endedAt: newYear + day })
    })
  })

  /** As Redis's own clock would: the test's does not move it. */
  async function forget({ sessions }: Room, handle: string): Promise<void> {
    const native = sessions.redis as ReturnType<typeof createClient> | undefined
    for (const key of (await native?.keys(`*session:${handle}`)) ?? []) await native?.del(key)
  }
})

describe('what stands in Redis of a session that has ended', () => {
  const redis = createClient({ url: redisUrl() })
  beforeAll(async () => void (await redis.connect()))
  afterAll(() => redis.destroy())

  /** The list of notes of the only user under a prefix. */
  async function notesKey(prefix: string): Promise<string> {
    const [key, ...others] = await redis.keys(`${prefix}ends:*`)
    if (key === undefined || others.length > 0) throw new Error(`${others.length} lists beside ${key}`)
    return key
  }

  it('is sealed and small', async () => {
    const config = redisConfig()
    const room = await open({ redis: config })
    const user = member()
    await signOut(
      room,
      await signIn(room, user, { userAgent: 'Mozilla/5.0 (Windows NT 10.0) Chrome/130.0.0.0' }),
    )
    const [note] = await redis.lRange(await notesKey(config.prefix), 0, -1)
    expect(note).toMatch(/^1767225600000:[\w-]{150,300}$/)
    expect(await notesKey(config.prefix)).not.toContain(user.user.id)
  })

  it('goes by itself 30 days after the latest end, however late that is noted', async () => {
    const config = redisConfig()
    const room = await open({ redis: config })
    const user = member()
    await signIn(room, user)
    room.clock.advance(3 * day)
    expect(await reasons(room, user.user.id)).toEqual(['expired'])
    const days = (await redis.pTTL(await notesKey(config.prefix))) / day
    expect(days).toBeGreaterThan(27.99)
    expect(days).toBeLessThanOrEqual(28)
  })

  it('can be told of a session that expired at its absolute limit: the user’s index outlives that by 30 days', async () => {
    const config = redisConfig()
    const room = await open({ redis: config })
    await signIn(room)
    const times = await Promise.all(
      (await redis.keys(`${config.prefix}index:*`)).map((key) => redis.pTTL(key)),
    )
    expect(times.map((time) => Math.round(time / day)).sort()).toEqual([15, 44])
  })

  it('goes when it is 30 days old also where later ends are noted', async () => {
    const config = redisConfig()
    const room = await open({ redis: config })
    const user = member()
    await signOut(room, await signIn(room, user))
    room.clock.advance(30 * day)
    await signOut(room, await signIn(room, user))
    expect(await redis.lLen(await notesKey(config.prefix))).toBe(1)
  })

  it('is found under an older secret too', async () => {
    const config = redisConfig()
    const clock = createTestClock()
    const user = member()
    const before = await open({ redis: config, clock })
    await signOut(before, await signIn(before, user))
    const after = await open({ redis: config, clock, secrets: [`newer ${secret}`, secret] })
    expect(await reasons(after, user.user.id)).toEqual(['signed-out'])
  })
})
