import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import type { RedisClient } from '../../src/session/redis-client.ts'
import { createReplication } from '../../src/session/redis-replication.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { createTestLog, eventually, member, openRoom, type Room, redisConfig } from './room.ts'
import { begin, end } from './store-level.ts'
import { tell } from './topologies.ts'

describe('a cluster', () => {
  let server: RedisServer
  const rooms: Room[] = []
  beforeAll(async () => {
    server = await startRedis({ 'cluster-enabled': 'yes' })
    await tell(server, 'CLUSTER', 'ADDSLOTSRANGE', '0', '16383')
    await eventually(async () => String(await tell(server, 'CLUSTER', 'INFO')).includes('cluster_state:ok'))
  })
  afterEach(() => Promise.all(rooms.splice(0).map(({ sessions }) => sessions.close())))
  afterAll(() => server.stop())

  async function open(): Promise<Room> {
    const room = await openRoom({ redis: redisConfig({ mode: 'cluster', urls: [server.url] }) })
    rooms.push(room)
    return room
  }

  async function waits(): Promise<number> {
    const stats = String(await tell(server, 'INFO', 'commandstats'))
    return Number(/cmdstat_wait:calls=(\d+)/.exec(stats)?.[1] ?? 0)
  }

  it('without a replica signs in and out nevertheless, and says so once', async () => {
    const room = await open()
    const before = await waits()
    const { cookie, open: opened } = await begin(room.sessions, member())
    const waited = await waits()
    expect(waited).toBeGreaterThan(before)
    await end(room.sessions, cookie)
    // The next one is not made to wait again.
    expect(await waits()).toBe(waited)
    expect(await room.sessions.tickets.open(opened.ticket)).toBeUndefined()
    expect(room.log.named('session-store.unreplicated')).toHaveLength(1)
  })

  it('that refuses WAIT signs in and out nevertheless, and says so once', async () => {
    await tell(server, 'ACL', 'SETUSER', 'default', '-wait')
    try {
      const room = await open()
      const before = await waits()
      const { cookie, open: opened } = await begin(room.sessions, member())
      await end(room.sessions, cookie)
      expect(await room.sessions.tickets.open(opened.ticket)).toBeUndefined()
      expect(room.log.named('session-store.without-wait')).toHaveLength(1)
      expect(await waits()).toBe(before)
    } finally {
      await tell(server, 'ACL', 'SETUSER', 'default', '+wait')
    }
  })
})

describe('a write that a fail-over must not lose', () => {
  function keeping(replicated: NonNullable<RedisClient['replicated']>, ready = true) {
    const log = createTestLog()
    const plain: string[] = []
    const commands = {
      endRecord: async (key: string) => plain.push(key),
    } as unknown as RedisClient['commands']
    const client = { commands, ready: () => ready, wait: async () => 0, replicated } as unknown as RedisClient
    const keep = createReplication(() => client, [client], log)
    return { log, plain, keep: (key = 'key') => keep((scripts) => scripts.endRecord(key, '', '')) }
  }

  it('is confirmed with its replica, and gives back what the write answered', async () => {
    const { keep, plain } = keeping(async () => ({ reply: 7, replicas: 1 }))
    expect(await keep()).toBe(7)
    expect(plain).toEqual([])
  })

  it('is written without one where its slot has moved, so that the move is followed', async () => {
    const { keep, plain } = keeping(() => Promise.reject(new Error('MOVED 1 127.0.0.1:1')))
    await keep('moved')
    expect(plain).toEqual(['moved'])
  })

  it('fails when its own answer does not come', async () => {
    const { keep, plain } = keeping(() => Promise.reject(new Error('Socket closed unexpectedly')))
    await expect(keep()).rejects.toThrow('Socket closed')
    expect(plain).toEqual([])
  })

  it('goes into no pipeline while a connection is down: it would be written when nobody expects it', async () => {
    const { keep, plain } = keeping(() => Promise.reject(new Error('queued')), false)
    await keep('late')
    expect(plain).toEqual(['late'])
  })

  it('says when replicas are back', async () => {
    let replicas = 0
    const { keep, log } = keeping(async () => ({ reply: 1, replicas }))
    await keep()
    replicas = 1
    await eventually(async () => (await keep()) === 1 && log.named('session-store.replicated').length > 0)
    expect(log.named('session-store.unreplicated')).toHaveLength(1)
  })
})
