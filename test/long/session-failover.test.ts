import { afterEach, describe, expect, it } from '@jest/globals'
import request from 'supertest'
import type { RedisConfig } from '../../src/config/config.ts'
import { eventually, openRoom, type Room, redisConfig, signIn, type Visitor } from '../session/room.ts'
import { startCluster, startSentinels } from '../session/topologies.ts'
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
}

const topologies: readonly (readonly [string, () => Promise<Topology>])[] = [
  [
    'a cluster of six',
    async () => {
      const cluster = await startCluster()
      stops.push(cluster.stop)
      return { config: { mode: 'cluster', urls: cluster.urls }, master: cluster.nodes[0] as RedisServer }
    },
  ],
  [
    'a master behind three sentinels',
    async () => {
      const { master, urls, stop } = await startSentinels()
      stops.push(stop)
      return { config: { mode: 'sentinel', urls, sentinelMaster: 'main' }, master }
    },
  ],
]

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const who = (room: Room, { cookie }: Visitor) => request(room.app).get('/session').set('Cookie', cookie)
const api = (room: Room, { cookie }: Visitor) => request(room.app).get('/api').set('Cookie', cookie)

describe.each(topologies)('sessions on %s', (topology, start) => {
  async function pair(overrides: Partial<RedisConfig>): Promise<[Room, Room]> {
    const config = redisConfig(overrides)
    const a = await openRoom({ redis: config })
    const b = await openRoom({ redis: config, clock: a.clock })
    rooms.push(a, b)
    return [a, b]
  }

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
