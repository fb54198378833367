import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { createClient } from 'redis'
import request from 'supertest'
import { Problem } from '../../src/http/problem.ts'
import { openArena, total } from '../session/interleavings.ts'
import {
  eventually,
  member,
  openRoom,
  type Room,
  redisConfig,
  signIn,
  type Visitor,
} from '../session/room.ts'
import { begin } from '../session/store-level.ts'
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

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const connectTo = (url: string) => createClient({ url })
type Hands = ReturnType<typeof connectTo>

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

describe('a Redis with AOF `always`, killed under 200 sign-ins a second', () => {
  it('loses no session whose sign-in had answered, and signs nobody out', async () => {
    const server = await startRedis({ appendonly: 'yes', appendfsync: 'always' })
    try {
      const room = await open({ redis: redisConfig({ urls: [server.url] }) })
      const { sessions } = room
      const tickets: string[] = []
      const refused = new Map<string, number>()
      const running = new Set<Promise<void>>()
      async function signInOnce(): Promise<void> {
        try {
          tickets.push((await begin(sessions, member())).open.ticket)
        } catch (error) {
          const what = error instanceof Problem ? error.code : String(error)
          refused.set(what, (refused.get(what) ?? 0) + 1)
        }
      }
      const started = performance.now()
      let asked = 0
      const pacer = setInterval(() => {
        for (; asked < (performance.now() - started) / 5; asked += 1) {
          const one = signInOnce().finally(() => running.delete(one))
          running.add(one)
        }
      }, 5)
      const answered: number[] = []
      for (let round = 0; round < 3; round += 1) {
        const before = tickets.length
        await pause(2_000)
        answered.push((tickets.length - before) / 2)
        await server.kill()
        const states = await Promise.allSettled(tickets.slice(-20).map(sessions.tickets.open))
        expect(states.filter(({ status }) => status === 'fulfilled')).toEqual([])
        await server.start()
        await eventually(() =>
          sessions
            .ping()
            .then(() => true)
            .catch(() => false),
        )
      }
      clearInterval(pacer)
      await Promise.all(running)
      console.info(
        `${asked} sign-ins asked for, ${tickets.length} answered (${answered.join(', ')} a second before each kill), refused:`,
        Object.fromEntries(refused),
      )
      const lost: string[] = []
      for (const ticket of tickets) if (!(await sessions.tickets.open(ticket))) lost.push(ticket)
      expect(lost).toEqual([])
      expect(Math.min(...answered)).toBeGreaterThan(100)
      expect([...refused.keys()]).toEqual(['session-store-unavailable'])
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

describe('a million sessions in Redis', () => {
  it('cost a read what a thousand cost', async () => {
    const [small, large] = [await startRedis(), await startRedis()]
    const hands = connectTo(large.url)
    try {
      await hands.connect()
      const [few, many] = await Promise.all(
        [small, large].map(({ url }) => open({ redis: redisConfig({ urls: [url] }) })),
      )
      const bytes = await fill(hands, await sample(many as Room, hands), 1_000_000)
      const tickets = await Promise.all([few, many].map((room) => signInThousand(room as Room)))
      const medians: [number, number][] = []
      for (let round = 0; round < 21; round += 1) {
        const pair: [number, number] = [0, 0]
        // Taking turns, and beginning with another one each time: the machine's moods are the same for both.
        for (const index of round % 2 ? [1, 0] : [0, 1]) {
          pair[index] = await medianRead([few, many][index] as Room, tickets[index] as string[])
        }
        medians.push(pair)
      }
      const [us, usMany] = [0, 1].map((index) => median(medians.map((pair) => pair[index] as number)))
      const ratio = median(medians.map(([one, other]) => other / one))
      console.info(
        `${Math.round(bytes)} bytes per session in Redis; a cold read: ${us?.toFixed(0)} µs among 1,000, ` +
          `${usMany?.toFixed(0)} µs among 1,000,000, ratio ${ratio.toFixed(3)}`,
      )
      expect(ratio).toBeLessThan(1.1)
    } finally {
      hands.destroy()
      await Promise.all([small.stop(), large.stop()])
    }
  })
})

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] as number

/** What a session's value looks like. */
async function sample({ sessions }: Room, hands: Hands): Promise<string> {
  const { open: opened } = await begin(sessions, member())
  const [key] = (await hands.keys(`*session:${opened.handle}`)) as [string]
  return (await hands.get(key)) ?? ''
}

/** Bytes per session. */
async function fill(hands: Hands, value: string, count: number): Promise<number> {
  const memory = async () => Number(/used_memory:(\d+)/.exec(await hands.info('memory'))?.[1])
  const before = await memory()
  for (let from = 0; from < count; from += 10_000) {
    const batch = hands.multi()
    for (let index = from; index < from + 10_000; index += 1) {
      batch.set(`coatcheck:session:${String(index).padStart(43, 'x')}`, value, { PX: 86_400_000 })
    }
    await batch.execAsPipeline()
  }
  return ((await memory()) - before) / count
}

async function signInThousand({ sessions }: Room): Promise<string[]> {
  const tickets: string[] = []
  while (tickets.length < 1_000) {
    const some = await Promise.all(Array.from({ length: 50 }, () => begin(sessions, member())))
    tickets.push(...some.map(({ open: opened }) => opened.ticket))
  }
  return tickets
}

/** µs from asking the room for a session it has no copy of to having it opened. */
async function medianRead({ sessions }: Room, tickets: readonly string[]): Promise<number> {
  const times: number[] = []
  for (const ticket of tickets) {
    const start = performance.now()
    await sessions.tickets.open(ticket)
    times.push((performance.now() - start) * 1_000)
  }
  return median(times)
}
