import { afterEach, describe, expect, it } from '@jest/globals'
import request from 'supertest'
import type { RedisConfig } from '../../src/config/config.ts'
import { Problem } from '../../src/http/problem.ts'
import {
  eventually,
  member,
  openRoom,
  type Room,
  redisConfig,
  signIn,
  type Visitor,
} from '../session/room.ts'
import { begin, end } from '../session/store-level.ts'
import { startCluster, startSentinels, tell } from '../session/topologies.ts'
import type { RedisServer } from '../support/redis-server.ts'

const rooms: Room[] = []
const stops: (() => Promise<unknown>)[] = []
afterEach(async () => {
  await Promise.all(rooms.splice(0).map(({ sessions }) => sessions.close()))
  await Promise.all(stops.splice(0).map((stop) => stop()))
})

interface Topology {
  readonly config: Partial<RedisConfig>
  readonly master: RedisServer
  readonly nodes: readonly RedisServer[]
  /** The master's way to its replicas is gone, with what was on it. */
  cut?(): void
}

const topologies: readonly (readonly [string, () => Promise<Topology>])[] = [
  [
    'a cluster of six',
    async () => {
      const cluster = await startCluster()
      stops.push(cluster.stop)
      const { nodes, urls } = cluster
      return { config: { mode: 'cluster', urls }, master: nodes[0] as RedisServer, nodes }
    },
  ],
  [
    'a master behind three sentinels',
    async () => {
      return sentinels(0)
    },
  ],
]

async function sentinels(lagMs: number): Promise<Topology> {
  const { master, replicas, urls, cut, stop } = await startSentinels(lagMs)
  stops.push(stop)
  const config = { mode: 'sentinel', urls, sentinelMaster: 'main' } as const
  return { config, master, nodes: [master, ...replicas], cut }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const who = (room: Room, { cookie }: Visitor) => request(room.app).get('/session').set('Cookie', cookie)
const api = (room: Room, { cookie }: Visitor) => request(room.app).get('/api').set('Cookie', cookie)

async function pair(overrides: Partial<RedisConfig>): Promise<[Room, Room]> {
  const config = redisConfig(overrides)
  const a = await openRoom({ redis: config })
  const b = await openRoom({ redis: config, clock: a.clock })
  rooms.push(a, b)
  return [a, b]
}

describe.each(topologies)('sessions on %s', (topology, start) => {
  it('end everywhere, whichever node holds them', async () => {
    const { config } = await start()
    const [a, b] = await pair(config)
    const visitors = await Promise.all(Array.from({ length: 30 }, () => signIn(a)))
    const ended: string[] = []
    for (const visitor of visitors) {
      const session = await b.sessions.reader.read(visitor.cookie)
      if (!session) throw new Error('no session')
      b.sessions.reader.watch(session, (reason) => ended.push(reason))
    }
    for (const { cookie } of visitors) await request(a.app).post('/end').set('Cookie', cookie)
    await eventually(() => ended.length === visitors.length, 1_000)
    expect(new Set(ended)).toEqual(new Set(['signed-out']))
    const answers = await Promise.all(visitors.map((visitor) => api(b, visitor)))
    expect(answers.map(({ body }) => body)).toEqual(visitors.map(() => null))
  })

  it.each([
    ['killed', (server: RedisServer) => server.kill()],
    ['frozen', async (server: RedisServer) => server.freeze()],
  ])('answer 200 or 503, and nobody is signed out, while a master is %s', async (how, fail) => {
    const { config, master } = await start()
    const [a, b] = await pair(config)
    const early = await Promise.all(Array.from({ length: 60 }, () => signIn(a)))
    // Replication is asynchronous: these have the time to arrive.
    await pause(1_000)
    const late: Visitor[] = []
    const counted = new Map<string, number>()
    const count = (what: string) => counted.set(what, (counted.get(what) ?? 0) + 1)
    let going = true
    async function traffic(seed: number): Promise<void> {
      for (let turn = seed; going; turn += 1) {
        const answer = await who(turn % 2 ? a : b, early[turn % early.length] as Visitor)
        count(answer.status === 200 ? answer.body.state : String(answer.status))
        await signIn(a).then(
          (one) => void late.push(one),
          (error: Error) => count(`sign-in ${/answered (\d+)/.exec(error.message)?.[1]}`),
        )
        await pause(10)
      }
    }
    const running = [0, 15, 30, 45].map(traffic)
    await pause(1_000)
    await fail(master)
    const [before, failedAt] = [late.length, performance.now()]
    await pause(500)
    await eventually(async () => {
      const answers = await Promise.all(early.flatMap((visitor) => [api(a, visitor), api(b, visitor)]))
      return answers.every(({ status }) => status === 200)
    }, 60_000)
    const downForMs = Math.round(performance.now() - failedAt)
    await pause(1_000)
    going = false
    await Promise.all(running)

    const found = await Promise.all(late.map((visitor) => who(b, visitor)))
    const lost = found.filter(({ body }) => body.state === 'anonymous').length
    console.info(
      `${topology}, master ${how}: all served again after ${downForMs} ms; ` +
        `${late.length} sign-ins answered (${before} before), ${lost} of them lost`,
      Object.fromEntries(counted),
    )
    const unexpected = [...counted.keys()].filter((what) => !['member', '503', 'sign-in 503'].includes(what))
    expect(unexpected).toEqual([])
    const still = await Promise.all(early.map((visitor) => who(b, visitor)))
    expect(still.map(({ body }) => body.state)).toEqual(early.map(() => 'member'))

    const after = await signIn(a)
    const session = await b.sessions.reader.read(after.cookie)
    if (!session) throw new Error('no session')
    const { promise, resolve } = Promise.withResolvers<string>()
    b.sessions.reader.watch(session, resolve)
    await request(a.app).post('/end').set('Cookie', after.cookie)
    expect(await promise).toBe('signed-out')
  })
})

/** A sign-in or a logout that was confirmed, and when. */
interface Confirmed {
  readonly ticket: string
  readonly at: number
}

/** What a fail-over did to the sign-ins and logouts of the second before it. */
async function failOver({ config, master, cut }: Topology, how: 'killed' | 'frozen') {
  const [a, b] = await pair(config)
  const begun: Confirmed[] = []
  const ended: Confirmed[] = []
  let going = true
  async function traffic(): Promise<void> {
    while (going) {
      try {
        const [stays, goes] = await Promise.all([begin(a.sessions, member()), begin(b.sessions, member())])
        begun.push({ ticket: stays.open.ticket, at: performance.now() })
        await end(a.sessions, goes.cookie)
        ended.push({ ticket: goes.open.ticket, at: performance.now() })
      } catch (error) {
        if (!(error instanceof Problem)) throw error
        await pause(20)
      }
    }
  }
  const began = performance.now()
  for (const { sessions } of [a, b]) {
    await eventually(() => begin(sessions, member()).then(Boolean, () => false), 30_000)
  }
  console.info(`both work after ${Math.round(performance.now() - began)} ms`)
  const running = Array.from({ length: 6 }, traffic)
  await pause(2_000)
  cut?.()
  const failed = how === 'killed' ? master.kill() : master.freeze()
  const failedAt = performance.now()
  await failed
  await pause(500)
  await eventually(async () => {
    const pings = Array.from({ length: 10 }, () => begin(b.sessions, member()))
    return (await Promise.allSettled(pings)).every(({ status }) => status === 'fulfilled')
  }, 60_000)
  going = false
  await Promise.all(running)
  const late = (all: readonly Confirmed[]) => all.filter(({ at }) => at <= failedAt && at > failedAt - 1_000)
  const lives = async ({ ticket }: Confirmed) => (await b.sessions.tickets.open(ticket)) !== undefined
  const [stays, goes] = await Promise.all([
    Promise.all(late(begun).map(lives)),
    Promise.all(late(ended).map(lives)),
  ])
  return {
    begun: stays.length,
    ended: goes.length,
    lost: stays.filter((alive) => !alive).length,
    back: goes.filter(Boolean).length,
  }
}

describe.each([...topologies, ['replicas 20 ms away behind three sentinels', () => sentinels(20)] as const])(
  'the second before a fail-over on %s',
  (topology, start) => {
    it.each(['killed', 'frozen'] as const)('is lost by nobody when the master is %s', async (how) => {
      const withWait = await failOver(await start(), how)
      const other = await start()
      for (const node of other.nodes) await tell(node, 'ACL', 'SETUSER', 'default', '-wait')
      const withoutWait = await failOver(other, how)
      console.info(`${topology}, master ${how}`, { withWait, withoutWait })
      expect(withWait.begun).toBeGreaterThan(0)
      expect(withWait).toMatchObject({ lost: 0, back: 0 })
    })
  },
)
