import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { createClient } from 'redis'
import request from 'supertest'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { eventually, member, openRoom, type Room, redisConfig, signIn, type Visitor } from './room.ts'

const rooms: Room[] = []
async function open(server: RedisServer, overrides: Parameters<typeof openRoom>[0] = {}): Promise<Room> {
  const room = await openRoom({ redis: redisConfig({ urls: [server.url] }), ...overrides })
  rooms.push(room)
  return room
}
afterEach(async () => {
  await Promise.all(rooms.splice(0).map(({ sessions }) => sessions.close()))
})

const who = (room: Room, { cookie }: Visitor) => request(room.app).get('/session').set('Cookie', cookie)
const api = (room: Room, { cookie }: Visitor) => request(room.app).get('/api').set('Cookie', cookie)

const unavailable = { code: 'session-store-unavailable', status: 503 }

describe('while Redis is down', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis({ appendonly: 'yes', appendfsync: 'always' })
  })
  afterAll(() => server.stop())

  it('answers 503 with Retry-After to whoever has a genuine ticket, and leaves the cookie alone', async () => {
    const room = await open(server)
    const visitor = await signIn(room)
    await server.kill()
    try {
      for (const asking of [who(room, visitor), api(room, visitor)]) {
        const answer = await asking
        expect(answer.body).toMatchObject(unavailable)
        expect(answer.headers['retry-after']).toBe('2')
        expect(answer.headers['set-cookie']).toBeUndefined()
      }
      await expect(room.sessions.ping()).rejects.toMatchObject(unavailable)
    } finally {
      await server.start()
    }
  })

  it('serves anonymous and forged visitors as ever', async () => {
    const room = await open(server)
    const visitor = await signIn(room)
    await server.kill()
    try {
      expect((await request(room.app).get('/session')).body).toEqual({ state: 'anonymous' })
      const forged = { ...visitor, cookie: visitor.cookie.replace(/.{8}$/, 'AAAAAAAA') }
      expect((await who(room, forged)).body).toEqual({ state: 'anonymous' })
    } finally {
      await server.start()
    }
  })

  it('hands out no ticket for a session that may not have been saved, and does not save it later', async () => {
    const config = redisConfig({ urls: [server.url] })
    const room = await open(server, { redis: config })
    await server.kill()
    try {
      const answer = await request(room.app).post('/begin').send({ session: member() })
      expect(answer.body).toMatchObject(unavailable)
      expect(answer.headers['set-cookie']).toBeUndefined()
    } finally {
      await server.start()
    }
    await eventually(
      async () => (await request(room.app).post('/begin').send({ session: member() })).status === 200,
    )
    const hands = createClient({ url: server.url })
    await hands.connect()
    expect(await hands.keys(`${config.prefix}session:*`)).toHaveLength(1)
    expect(await hands.keys(`${config.prefix}index:*`)).toHaveLength(2)
    hands.destroy()
  })

  it('recovers by itself, with every session that was acknowledged', async () => {
    const room = await open(server)
    const visitors = await Promise.all(Array.from({ length: 20 }, () => signIn(room)))
    await server.kill()
    await eventually(async () => (await api(room, visitors[0] as Visitor)).status === 503)
    await server.start()
    await eventually(async () => (await api(room, visitors[0] as Visitor)).status === 200)
    const answers = await Promise.all(visitors.map((visitor) => who(room, visitor)))
    expect(answers.map(({ body }) => body.state)).toEqual(visitors.map(() => 'member'))
  })

  it('keeps watching over a restart', async () => {
    const room = await open(server)
    const visitor = await signIn(room)
    const session = await room.sessions.reader.read(visitor.cookie)
    if (!session) throw new Error('no session')
    const told: string[] = []
    room.sessions.reader.watch(session, (reason) => told.push(reason))
    await server.kill()
    await server.start()
    await eventually(async () => (await api(room, visitor)).status === 200)
    expect(told).toEqual([])
    await request(room.app).post('/end').set('Cookie', visitor.cookie)
    expect(told).toEqual(['signed-out'])
  })

  it('starts without Redis, and works once it is there', async () => {
    await server.kill()
    const room = await open(server)
    await expect(room.sessions.ping()).rejects.toMatchObject(unavailable)
    await server.start()
    await eventually(() =>
      room.sessions.ping().then(
        () => true,
        () => false,
      ),
    )
    expect((await who(room, await signIn(room))).body).toMatchObject({ state: 'member' })
  })
})

describe('a Redis that is frozen', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.stop())

  // The connection stays open and says nothing: no notice of anything that happens elsewhere can arrive.
  it('is believed for three seconds at most, under constant traffic', async () => {
    const room = await open(server)
    const [visitor, stranger] = [await signIn(room), await signIn(room)]
    await api(room, visitor)
    server.freeze()
    try {
      const start = performance.now()
      await eventually(async () => {
        // Others keep writing to the same connection, which a socket's own timeout takes for a sign of life.
        void Promise.resolve(room.sessions.tickets.open(stranger.ticket)).catch(() => undefined)
        return (await api(room, visitor)).status === 503
      }, 4_000)
      expect(performance.now() - start).toBeLessThan(3_000)
    } finally {
      server.thaw()
    }
    await eventually(async () => (await api(room, visitor)).status === 200)
  })

  it('costs a read no more than its deadline, and nothing once it is known', async () => {
    const room = await open(server)
    const visitor = await signIn(room)
    server.freeze()
    try {
      const start = performance.now()
      expect((await api(room, visitor)).status).toBe(503)
      expect(performance.now() - start).toBeLessThan(450)
      await eventually(async () => {
        const later = performance.now()
        expect((await api(room, visitor)).status).toBe(503)
        return performance.now() - later < 100
      })
    } finally {
      server.thaw()
    }
    await eventually(async () => (await api(room, visitor)).status === 200)
  })
})

describe('a Redis that is emptied', () => {
  it('has no sessions any more, for every copy and every watch', async () => {
    const server = await startRedis()
    const hands = createClient({ url: server.url })
    try {
      await hands.connect()
      const room = await open(server)
      const visitors = [await signIn(room), await signIn(room)]
      const session = await room.sessions.reader.read(visitors[0]?.cookie)
      await room.sessions.reader.read(visitors[1]?.cookie)
      if (!session) throw new Error('no session')
      const { promise, resolve } = Promise.withResolvers<string>()
      room.sessions.reader.watch(session, resolve)
      const start = performance.now()
      await hands.flushAll()
      expect(await promise).toBe('ended-elsewhere')
      expect(performance.now() - start).toBeLessThan(1_000)
      expect((await api(room, visitors[1] as Visitor)).body).toBeNull()
    } finally {
      hands.destroy()
      await server.stop()
    }
  })
})

describe('a Redis that refuses', () => {
  let server: RedisServer
  const operator = () => createClient({ url: server.url })
  let hands: ReturnType<typeof operator>
  beforeAll(async () => {
    server = await startRedis()
    hands = operator()
    await hands.connect()
  })
  afterAll(async () => {
    hands.destroy()
    await server.stop()
  })

  it.each([
    ['is full', { maxmemory: '1', 'maxmemory-policy': 'noeviction' }, { maxmemory: '0' }],
    ['lacks its replicas', { 'min-replicas-to-write': '1' }, { 'min-replicas-to-write': '0' }],
  ])(
    'writes because it %s: nobody signs in, nobody is signed out, and it is not ready',
    async (_why, bad, good) => {
      const room = await open(server)
      const visitor = await signIn(room)
      await hands.configSet(bad as Record<string, string>)
      try {
        expect((await request(room.app).post('/begin').send({ session: member() })).status).toBe(503)
        expect((await who(room, visitor)).body).toMatchObject({ state: 'member' })
        const logout = await request(room.app).post('/end').set('Cookie', visitor.cookie)
        expect([logout.status, logout.headers['set-cookie']]).toEqual([503, undefined])
        await expect(room.sessions.ping()).rejects.toMatchObject(unavailable)
      } finally {
        await hands.configSet(good as Record<string, string>)
      }
      expect((await who(room, visitor)).body).toMatchObject({ state: 'member' })
    },
  )
})

describe('a Redis without notices', () => {
  it.each([
    ['RESP3', { 'rename-command': 'HELLO ""' }],
    ['CLIENT TRACKING', { user: 'default on nopass ~* &* +@all -client|tracking' }],
  ])('because it lacks %s is asked again after a second', async (_what, settings: Record<string, string>) => {
    const server = await startRedis(settings)
    const hands = createClient({ url: server.url, RESP: 2 })
    try {
      await hands.connect()
      const room = await open(server)
      expect(room.log.named('session-store.without-notices')).toHaveLength(1)
      const visitor = await signIn(room)
      const session = await room.sessions.reader.read(visitor.cookie)
      if (!session) throw new Error('no session')
      const { promise, resolve } = Promise.withResolvers<string>()
      room.sessions.reader.watch(session, resolve)
      const [key] = (await hands.keys(`*session:${visitor.handle}`)) as [string]
      await hands.del(key)
      const start = performance.now()
      expect(await promise).toBe('ended-elsewhere')
      expect(performance.now() - start).toBeLessThan(2_000)
      expect((await api(room, visitor)).body).toBeNull()

      // What this instance does itself, it knows at once.
      const other = await signIn(room)
      const session2 = await room.sessions.reader.read(other.cookie)
      if (!session2) throw new Error('no session')
      await room.sessions.tickets.update(session2, (content) => ({ ...content, authenticatedAt: 42 }))
      expect((await api(room, other)).body.session.authenticatedAt).toBe(42)
      const told: string[] = []
      room.sessions.reader.watch(session2, (reason) => told.push(reason))
      await request(room.app).post('/end').set('Cookie', other.cookie)
      expect(told).toEqual(['signed-out'])
      expect((await api(room, other)).body).toBeNull()
    } finally {
      hands.destroy()
      await server.stop()
    }
  })

  it('keeps the client alive that other rooms were given, when it refuses them later', async () => {
    const server = await startRedis()
    const hands = createClient({ url: server.url, RESP: 2 })
    try {
      await hands.connect()
      const room = await open(server)
      const { redis } = room.sessions as unknown as {
        redis: { set(key: string, value: string): Promise<string> }
      }
      expect(await redis.set('before', '1')).toBe('OK')
      await hands.sendCommand(['ACL', 'SETUSER', 'default', '-client|tracking'])
      await hands.sendCommand(['CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'])
      await eventually(() => room.log.named('session-store.without-notices').length > 0)
      await eventually(() => redis.set('after', '1').then(Boolean, () => false))
    } finally {
      hands.destroy()
      await server.stop()
    }
  })
})
