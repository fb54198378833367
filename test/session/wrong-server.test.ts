import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { createClient } from 'redis'
import request from 'supertest'
import { startRedisRelay } from '../support/redis-relay.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { eventually, openRoom, type Room, redisConfig, signIn } from './room.ts'

const rooms: Room[] = []
async function open(url: string): Promise<Room> {
  const room = await openRoom({ redis: redisConfig({ urls: [url] }) })
  rooms.push(room)
  return room
}
afterEach(async () => {
  await Promise.all(rooms.splice(0).map(({ sessions }) => sessions.close()))
})

async function command(server: RedisServer, ...words: string[]): Promise<string> {
  const client = createClient({ url: server.url })
  await client.connect()
  const reply = String(await client.sendCommand(words))
  client.destroy()
  return reply
}

describe('a fail-over behind one name', () => {
  let first: RedisServer
  let second: RedisServer
  beforeAll(async () => {
    // A master waits five seconds for more replicas before it sends its data to the first.
    const atOnce = { 'repl-diskless-sync-delay': '0' }
    first = await startRedis(atOnce)
    second = await startRedis(atOnce)
  })
  afterAll(async () => {
    await first.stop()
    await second.stop()
  })

  it('leaves the old master, which still answers, and signs out no one', async () => {
    await command(second, 'REPLICAOF', '127.0.0.1', String(first.port))
    await eventually(async () => (await command(second, 'INFO', 'replication')).includes('link_status:up'))
    await using relay = await startRedisRelay(first.port)
    const room = await open(relay.url)
    const before = await signIn(room)
    await eventually(async () => (await command(second, 'DBSIZE')) !== '0')

    // The old master becomes a replica; the connection to it stays and reads are answered.
    await command(second, 'REPLICAOF', 'NO', 'ONE')
    relay.turnTo(second.port)
    await command(first, 'REPLICAOF', '127.0.0.1', String(second.port))

    const after = await signIn(room)
    for (const { cookie } of [before, after]) {
      const answer = await request(room.app).get('/session').set('Cookie', cookie)
      expect(answer.body).toMatchObject({ state: 'member' })
    }
    await expect(room.sessions.ping()).resolves.toBeUndefined()
  })
})

describe('a server that refuses in words of its own', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.stop())

  it.each([
    ['HELLO', 'ERR this service does not speak that'],
    ['HELLO', 'Unsupported protocol version'],
    ['CLIENT TRACKING', 'ERR tracking is disabled by the administrator of this plan'],
    ['CLIENT TRACKING', 'FORBIDDEN no such thing'],
  ])('to %s by "%s" is used without notices', async (name, words) => {
    await using relay = await startRedisRelay(server.port)
    relay.refuse(name, words)
    const room = await open(relay.url)
    await eventually(async () =>
      room.sessions.ping().then(
        () => true,
        () => false,
      ),
    )
    const { cookie } = await signIn(room)
    const answer = await request(room.app).get('/session').set('Cookie', cookie)
    expect(answer.body).toMatchObject({ state: 'member' })
  })
})

describe('a Redis that was never reached', () => {
  const unreachable = (room: Room) => room.log.named('session-store.unreachable').map(({ fields }) => fields)

  it('is in the log with the class of the reason, and again when that changes', async () => {
    const locked = await startRedis()
    try {
      await command(locked, 'CONFIG', 'SET', 'requirepass', 'open-sesame')
      await using relay = await startRedisRelay(1)
      const room = await open(relay.url)
      expect(unreachable(room)).toHaveLength(1)
      relay.turnTo(locked.port)
      await eventually(async () => unreachable(room).some((fields) => fields?.['reason'] === 'NOAUTH'))
    } finally {
      await locked.stop()
    }
  })

  it('that refuses the connection is ECONNREFUSED', async () => {
    const room = await open('redis://127.0.0.1:1')
    expect(unreachable(room)).toEqual([{ reason: 'ECONNREFUSED' }])
  })
})
