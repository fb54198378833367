import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { createClient } from 'redis'
import request from 'supertest'
import { openArena, total } from '../session/interleavings.ts'
import {
  eventually,
  member,
  openRoom,
  type Room,
  redisConfig,
  secret,
  signIn,
  type Visitor,
} from '../session/room.ts'
import { startRedis } from '../support/redis-server.ts'
import { redisUrl } from '../support/services.ts'

const redis = createClient({ url: redisUrl() })
beforeAll(async () => void (await redis.connect()))
afterAll(() => redis.destroy())

const rooms: Room[] = []
async function open(overrides: Parameters<typeof openRoom>[0]): Promise<Room> {
  const room = await openRoom(overrides)
  rooms.push(room)
  return room
}
afterEach(async () => {
  await Promise.all(rooms.splice(0).map(({ sessions }) => sessions.close()))
})

/** Fifty at a time: the write deadline is for Redis, not for a crowd in one process. */
async function signInMany(room: Room, count: number): Promise<Visitor[]> {
  const visitors: Visitor[] = []
  while (visitors.length < count) {
    visitors.push(...(await Promise.all(Array.from({ length: 50 }, () => signIn(room)))))
  }
  return visitors
}

const who = (room: Room, { cookie }: Visitor) => request(room.app).get('/session').set('Cookie', cookie)

describe('ten thousand interleavings over two instances', () => {
  it('bring back no session, lose no change, accept no ticket after its logout', async () => {
    const arena = await openArena()
    const violations = []
    for (let seed = 0; seed < 10_000; seed += 1) violations.push(await arena.run(seed))
    await arena.close()
    expect(total(violations)).toEqual({ resurrected: 0, lostUpdates: 0, acceptedAfterLogout: 0 })
  })
})

describe('a thousand logouts on one instance', () => {
  it('are known to the other within 50 ms (median) and a second (all)', async () => {
    const config = redisConfig()
    const a = await open({ redis: config })
    const b = await open({ redis: config, clock: a.clock })
    const delays: number[] = []
    for (let count = 0; count < 1_000; count += 1) {
      const visitor = await signIn(a)
      await b.sessions.reader.read(visitor.cookie)
      await request(a.app).post('/end').set('Cookie', visitor.cookie)
      delays.push(await eventually(async () => (await b.sessions.reader.read(visitor.cookie)) === undefined))
    }
    delays.sort((left, right) => left - right)
    console.info(
      `refused elsewhere after ${delays[500]?.toFixed(1)} ms (median), ${delays[999]?.toFixed(1)} ms (max)`,
    )
    expect(delays[500]).toBeLessThan(50)
    expect(delays[999]).toBeLessThan(1_000)
  })
})

describe('ten thousand sessions that come and go', () => {
  it('leave nothing in the index', async () => {
    const config = redisConfig()
    const room = await open({ redis: config })
    for (let round = 0; round < 500; round += 1) {
      const user = member(`user-${round}`)
      const visitors = await Promise.all(Array.from({ length: 20 }, () => signIn(room, user)))
      if (round % 2) await room.sessions.index.end({ userId: user.user.id }, 'ended-elsewhere')
      else for (const { cookie } of visitors) await request(room.app).post('/end').set('Cookie', cookie)
    }
    const left: string[] = []
    for await (const keys of redis.scanIterator({ MATCH: `${config.prefix}index:*`, COUNT: 1_000 }))
      left.push(...keys)
    expect(left).toEqual([])
  })
})

describe('a Redis with AOF `always`, killed under sign-ins', () => {
  it('loses no session whose sign-in had answered, and signs nobody out', async () => {
    const server = await startRedis({ appendonly: 'yes', appendfsync: 'always' })
    try {
      const room = await open({ redis: redisConfig({ urls: [server.url] }) })
      const visitors: Visitor[] = []
      const statuses = new Set<string>()
      let going = true
      async function signIns(): Promise<void> {
        while (going) {
          await signIn(room).then(
            (visitor) => void visitors.push(visitor),
            (error: Error) => statuses.add(error.message.slice(0, 20)),
          )
          await new Promise((resolve) => setTimeout(resolve, 20))
        }
      }
      const running = [signIns(), signIns(), signIns(), signIns()]
      for (let round = 0; round < 3; round += 1) {
        await new Promise((resolve) => setTimeout(resolve, 1_000))
        await server.kill()
        const states = await Promise.all(visitors.slice(-20).map((visitor) => who(room, visitor)))
        expect(states.filter(({ status }) => status !== 503)).toEqual([])
        await server.start()
        await eventually(() =>
          room.sessions.ping().then(
            () => true,
            () => false,
          ),
        )
      }
      going = false
      await Promise.all(running)
      const answers = await Promise.all(visitors.map((visitor) => who(room, visitor)))
      expect(visitors.length).toBeGreaterThan(100)
      expect(answers.filter(({ body }) => body.state !== 'member')).toEqual([])
      expect([...statuses]).toEqual(['sign-in answered 503'])
    } finally {
      await server.stop()
    }
  })
})

describe('a rotation of SESSION_SECRET, twice, rolling over three instances', () => {
  it('signs out none of a thousand members', async () => {
    const config = redisConfig()
    const [first, second, third] = [1, 2, 3].map((count) => `secret number ${count} of thirty-two characters`)
    // Each secret is accepted everywhere before it signs anywhere.
    const steps = [[first], [first, second], [second, first], [second, third], [third, second]] as string[][]
    let fleet = await Promise.all([1, 2, 3].map(() => open({ redis: config, secrets: steps[0] as string[] })))
    const cookies = (await signInMany(fleet[0] as Room, 1_000)).map(({ cookie }) => cookie)
    for (const secrets of steps.slice(1)) {
      for (const index of fleet.keys()) {
        await fleet[index]?.sessions.close()
        fleet = fleet.with(index, await open({ redis: config, secrets }))
        for (let visitor = 0; visitor < cookies.length; visitor += 1) {
          const room = fleet[(visitor + index) % 3] as Room
          const answer = await request(room.app)
            .get('/session')
            .set('Cookie', cookies[visitor] as string)
          expect(answer.body.state).toBe('member')
          const renewed = answer.headers['set-cookie']?.[0]?.split(';')[0]
          if (renewed) cookies[visitor] = renewed
        }
      }
    }
  })
})

describe('many sessions in Redis', () => {
  it('cost a read what few cost', async () => {
    const server = await startRedis()
    const client = createClient({ url: server.url })
    try {
      await client.connect()
      const config = redisConfig({ urls: [server.url] })
      const room = await open({ redis: config, secrets: [secret] })
      const visitors = await signInMany(room, 1_000)
      // By Redis's own clock: the machine's other work is not the question.
      const perRead = async () => {
        await client.configResetStat()
        for (const { ticket } of visitors) await room.sessions.tickets.open(ticket)
        return Number(/cmdstat_get:.*usec_per_call=([\d.]+)/.exec(await client.info('commandstats'))?.[1])
      }
      const few = await perRead()
      const memory = async () => Number(/used_memory:(\d+)/.exec(await client.info('memory'))?.[1])
      const value = await client.get(`${config.prefix}session:${visitors[0]?.handle}`)
      const [before, count] = [await memory(), 1_000_000]
      for (let from = 0; from < count; from += 10_000) {
        const batch = client.multi()
        for (let index = from; index < from + 10_000; index += 1) {
          batch.set(`${config.prefix}session:${String(index).padStart(43, 'x')}`, value ?? '', {
            PX: 86_400_000,
          })
        }
        await batch.execAsPipeline()
      }
      const bytes = ((await memory()) - before) / count
      const many = await perRead()
      console.info(
        `${Math.round(bytes)} bytes per session in Redis; a read: ${few} µs among 1,000, ${many} µs among 1,000,000`,
      )
      expect(many).toBeLessThan(few + 2)
    } finally {
      client.destroy()
      await server.stop()
    }
  })
})
