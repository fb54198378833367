import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { createClient } from 'redis'
import request from 'supertest'
import type { OpenSession } from '../../src/session/session.ts'
import { redisUrl } from '../support/services.ts'
import {
  eventually,
  member,
  type Overrides,
  openRoom,
  type Room,
  redisConfig,
  secret,
  signIn,
  type Visitor,
} from './room.ts'

/** The operator's hands. */
const redis = createClient({ url: redisUrl() })
beforeAll(async () => void (await redis.connect()))
afterAll(() => redis.destroy())

const rooms: Room[] = []
async function open(overrides: Overrides = {}): Promise<Room> {
  const room = await openRoom({ redis: redisConfig(), ...overrides })
  rooms.push(room)
  return room
}
afterEach(async () => {
  await Promise.all(rooms.splice(0).map(({ sessions }) => sessions.close()))
})

async function read({ sessions }: Room, { cookie }: Visitor): Promise<OpenSession | undefined> {
  return sessions.reader.read(cookie)
}

async function keys(prefix: string): Promise<string[]> {
  const found: string[] = []
  for await (const some of redis.scanIterator({ MATCH: `${prefix}*`, COUNT: 1_000 })) found.push(...some)
  return found
}

async function everything(prefix: string): Promise<string> {
  const values = await Promise.all(
    (await keys(prefix)).map(async (key) => {
      const type = await redis.type(key)
      return [key, type === 'hash' ? await redis.hGetAll(key) : await redis.get(key)]
    }),
  )
  return JSON.stringify(values)
}

describe('two instances on one Redis', () => {
  async function pair(): Promise<[Room, Room]> {
    const config = redisConfig()
    const a = await open({ redis: config })
    return [a, await open({ redis: config, clock: a.clock })]
  }

  it('share sessions', async () => {
    const [a, b] = await pair()
    expect(await read(b, await signIn(a))).toMatchObject({ session: { state: 'member' } })
  })

  it('refuse a ticket everywhere within a second of its logout, normally at once', async () => {
    const [a, b] = await pair()
    const delays: number[] = []
    for (let count = 0; count < 15; count += 1) {
      const visitor = await signIn(a)
      await read(b, visitor)
      await request(a.app).post('/end').set('Cookie', visitor.cookie)
      delays.push(await eventually(async () => (await read(b, visitor)) === undefined))
    }
    delays.sort((left, right) => left - right)
    expect(delays[7]).toBeLessThan(50)
    expect(delays[14]).toBeLessThan(1_000)
  })

  it('end what watches on the other one within a second, with the reason', async () => {
    const [a, b] = await pair()
    const visitor = await signIn(a)
    const session = await read(b, visitor)
    if (!session) throw new Error('no session')
    const { promise, resolve } = Promise.withResolvers<string>()
    b.sessions.reader.watch(session, resolve)
    const start = performance.now()
    await request(a.app).post('/end').set('Cookie', visitor.cookie)
    expect(await promise).toBe('signed-out')
    expect(performance.now() - start).toBeLessThan(1_000)
  })

  it('keep watching over changes and uses that end nothing', async () => {
    const [a, b] = await pair()
    const visitor = await signIn(a)
    const session = await read(b, visitor)
    if (!session) throw new Error('no session')
    const told: string[] = []
    b.sessions.reader.watch(session, (reason) => told.push(reason))
    for (let count = 0; count < 5; count += 1) {
      await a.sessions.tickets.update(session, (content) => ({ ...content, authenticatedAt: count }))
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    expect(told).toEqual([])
    await request(a.app).post('/end').set('Cookie', visitor.cookie)
    await eventually(() => told.length > 0, 1_000)
  })

  it('see a change that the other one made', async () => {
    const [a, b] = await pair()
    const visitor = await signIn(a)
    const session = await read(b, visitor)
    if (!session) throw new Error('no session')
    await a.sessions.tickets.update(session, (content) => ({ ...content, authenticatedAt: 42 }))
    await eventually(async () => (await read(b, visitor))?.session.authenticatedAt === 42, 1_000)
  })

  it('count a use on either one', async () => {
    const [a, b] = await pair()
    const visitor = await signIn(a)
    await read(a, visitor)
    a.clock.advance(23 * 3_600_000)
    const session = await read(b, visitor)
    if (session) b.sessions.reader.use(session)
    await eventually(async () => (await read(a, visitor))?.seenAt === a.clock(), 1_000)
  })

  it('take a mark once', async () => {
    const [a, b] = await pair()
    const firsts = await Promise.all(
      Array.from({ length: 20 }, (_, index) => [a, b][index % 2]?.sessions.marks.first('state', 1_000)),
    )
    expect(firsts.filter(Boolean)).toHaveLength(1)
  })
})

describe('an operator', () => {
  it('ends a session by deleting its key', async () => {
    const config = redisConfig()
    const room = await open({ redis: config })
    const visitor = await signIn(room)
    const session = await read(room, visitor)
    if (!session) throw new Error('no session')
    const { promise, resolve } = Promise.withResolvers<string>()
    room.sessions.reader.watch(session, resolve)
    const start = performance.now()
    await redis.del(`${config.prefix}session:${visitor.handle}`)
    expect(await promise).toBe('ended-elsewhere')
    expect(performance.now() - start).toBeLessThan(1_000)
    expect(await read(room, visitor)).toBeUndefined()
  })
})

describe('what stands in Redis', () => {
  it('contains no ticket, no token, no user and no subject in clear', async () => {
    const config = redisConfig()
    const room = await open({ redis: config })
    const user = member('user-in-the-clear')
    const visitor = await signIn(room, user)
    const dump = await everything(config.prefix)
    expect(dump).toContain(visitor.handle)
    for (const hidden of [
      visitor.ticket,
      'access-token',
      user.user.id,
      user.identity.subject,
      'neo@example.com',
    ]) {
      expect(dump).not.toContain(hidden)
    }
  })

  it('opens no session with SESSION_SECRET alone: a handle is no ticket', async () => {
    const config = redisConfig()
    const room = await open({ redis: config })
    const visitor = await signIn(room)
    const { createRecordSealer } = await import('../../src/session/session-record.ts')
    const value = (await redis.get(`${config.prefix}session:${visitor.handle}`)) ?? ''
    const sealed = value.split(':')[2] ?? ''
    expect(createRecordSealer([secret]).open(sealed, visitor.handle)).toBeUndefined()
    expect(createRecordSealer([secret]).open(sealed, visitor.ticket)).toBeDefined()
  })

  it.each([
    ['truncated', (value: string) => value.slice(0, -10)],
    ['cut to nothing', () => ''],
    ['bit-flipped', (value: string) => value.replace(/.{4}$/, (end) => (end === 'AAAA' ? 'BBBB' : 'AAAA'))],
    ['of another program', () => '{"cookie":{}}'],
  ])('is no session if it is %s, said once in the log', async (_what, damage) => {
    const config = redisConfig()
    const room = await open({ redis: config })
    const visitor = await signIn(room)
    const key = `${config.prefix}session:${visitor.handle}`
    await redis.set(key, damage((await redis.get(key)) ?? ''))
    await eventually(async () => (await read(room, visitor)) === undefined, 1_000)
    for (let count = 0; count < 3; count += 1) {
      const answer = await request(room.app).get('/session').set('Cookie', visitor.cookie)
      expect([answer.status, answer.body]).toEqual([200, { state: 'anonymous' }])
    }
    expect(room.log.named('session.unreadable')).toHaveLength(1)
  })

  it('has an end: every key expires by itself', async () => {
    const config = redisConfig()
    const room = await open({ redis: config })
    await signIn(room)
    const ended = await signIn(room)
    await request(room.app).post('/end').set('Cookie', ended.cookie)
    const times = await Promise.all((await keys(config.prefix)).map((key) => redis.pTTL(key)))
    expect(times.length).toBeGreaterThanOrEqual(4)
    for (const time of times) expect(time).toBeGreaterThan(0)
  })

  it('leaves no index entry behind when sessions come and go', async () => {
    const config = redisConfig()
    const room = await open({ redis: config })
    for (let count = 0; count < 30; count += 1) {
      const { cookie } = await signIn(room)
      await request(room.app).post('/end').set('Cookie', cookie)
    }
    expect(await keys(`${config.prefix}index:`)).toEqual([])
  })

  it('heals where a crash left an entry without a record', async () => {
    const config = redisConfig()
    const room = await open({ redis: config })
    const user = member()
    const { handle } = await signIn(room, user)
    await redis.del(`${config.prefix}session:${handle}`)
    room.clock.advance(61_000)
    expect(await room.sessions.index.list(user.user.id)).toEqual([])
    expect((await keys(`${config.prefix}index:`)).length).toBe(0)
  })
})

describe('a new SESSION_SECRET', () => {
  const [first, second, third] = ['first', 'second', 'third'].map(
    (name) => `${name} secret of thirty-two characters`,
  )

  it('signs nobody out, twice in a row, for those who came by in between', async () => {
    const config = redisConfig()
    const before = await open({ redis: config, secrets: [first as string] })
    const user = member()
    let { cookie } = await signIn(before, user)
    for (const secrets of [
      [second, first],
      [third, second],
    ] as string[][]) {
      const after = await open({ redis: config, secrets })
      const answer = await request(after.app).get('/session').set('Cookie', cookie)
      expect(answer.body).toMatchObject({ state: 'member' })
      expect(answer.headers['set-cookie']?.[0]).toMatch(/Max-Age=1209600/)
      cookie = answer.headers['set-cookie']?.[0]?.split(';')[0] as string
      await eventually(async () => {
        const only = await open({ redis: config, secrets: secrets.slice(0, 1) })
        return (await only.sessions.reader.read(cookie)) !== undefined
      })
      // Its index entry has moved along: it can still be ended from elsewhere.
      const only = await open({ redis: config, secrets: secrets.slice(0, 1) })
      expect(await only.sessions.index.list(user.user.id)).toHaveLength(1)
    }
  })

  it('sets the cookie again only where it is signed by an older one', async () => {
    const room = await open()
    const { cookie } = await signIn(room)
    const answer = await request(room.app).get('/session').set('Cookie', cookie)
    expect(answer.headers['set-cookie']).toBeUndefined()
  })

  it('reseals a session that only ever calls the API', async () => {
    const config = redisConfig()
    const before = await open({ redis: config, secrets: [first as string] })
    const visitor = await signIn(before)
    const after = await open({ redis: config, secrets: [second, first] as string[], clock: before.clock })
    before.clock.advance(61_000)
    await request(after.app).get('/api').set('Cookie', visitor.cookie)
    const only = await open({ redis: config, secrets: [second as string], clock: before.clock })
    await eventually(async () => (await only.sessions.tickets.open(visitor.ticket)) !== undefined)
  })
})
