import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createClient } from 'redis'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { type Arrangements, setUpsOf } from './broken-set-ups.ts'
import { type DoctorRoom, openDoctorRoom } from './doctor-room.ts'

let room: DoctorRoom
beforeAll(async () => {
  room = await openDoctorRoom(['google'])
})
afterAll(() => room.close())

interface BrokenRedis {
  /** redis.conf settings of a server of its own; without them the room's is meant. */
  readonly settings?: () => Readonly<Record<string, string>>
  /** `USER:PASSWORD@` */
  readonly credentials?: string
  readonly env?: (redis: RedisServer) => Readonly<Record<string, string>>
  /** What it asks of its users from now on. */
  readonly password?: string
  readonly frozen?: boolean
}

/** A user with these rights alone; the password is `secret`. */
const userWith = (rights: string): BrokenRedis => ({
  settings: () => ({ appendonly: 'yes', user: `coatcheck on >secret ~* &* ${rights}` }),
  credentials: 'coatcheck:secret@',
})
const withSettings = (settings: Readonly<Record<string, string>>): BrokenRedis => ({
  settings: () => settings,
})
const closed: BrokenRedis = { settings: () => ({ appendonly: 'yes' }), password: 'secret' }

const redis: Arrangements<'redis', BrokenRedis> = {
  'Redis is not running': { env: () => ({ REDIS_URL: 'redis://127.0.0.1:2' }) },
  'Redis’s name is misspelt': { env: () => ({ REDIS_URL: 'redis://redis.invalid:6379' }) },
  'Redis speaks no TLS behind rediss://': {
    env: ({ port }) => ({ REDIS_URL: `rediss://127.0.0.1:${port}` }),
  },
  'Redis does not answer': { ...withSettings({}), frozen: true },
  'Redis wants a password': closed,
  'Redis’s password is wrong': { ...closed, credentials: ':wrong@' },
  'Redis lets us read and not write': userWith('+@all -@write'),
  'Redis is a replica': {
    settings: () => ({ appendonly: 'yes', replicaof: `127.0.0.1 ${room.redis.port}` }),
  },
  'Redis is full': withSettings({ appendonly: 'yes', maxmemory: '1', 'maxmemory-policy': 'noeviction' }),
  'Redis is no cluster': { env: ({ url }) => ({ REDIS_URL: url, REDIS_MODE: 'cluster' }) },
  'Redis throws sessions away when it is full': withSettings({
    appendonly: 'yes',
    'maxmemory-policy': 'allkeys-lru',
  }),
  'Redis writes nothing to disk': withSettings({}),
  'Redis writes snapshots only': withSettings({ save: '60 1000' }),
  'Redis tells nobody of changes': userWith('+@all -client|tracking'),
}

async function configure({ url }: RedisServer, setting: string, value: string): Promise<void> {
  const admin = await createClient({ url }).connect()
  await admin.configSet(setting, value)
  admin.destroy()
}

describe('coatcheck doctor names what is wrong with Redis', () => {
  it.each(setUpsOf('redis', redis))(
    '%s',
    async (_, { settings, credentials = '', env, password, frozen }, expected) => {
      const own = settings && (await startRedis(settings()))
      if (own && password) await configure(own, 'requirepass', password)
      if (frozen) own?.freeze()
      try {
        const change = env?.(own ?? room.redis) ?? {
          REDIS_URL: `redis://${credentials}127.0.0.1:${own?.port}`,
        }
        const { failures, warnings } = await room.doctor(change)
        // One thing is wrong, and one is named.
        const aboutConnection = warnings.filter((line) => !line.startsWith('configuration: REDIS_URL'))
        expect([...failures, ...aboutConnection]).toEqual([expect.stringMatching(expected)])
      } finally {
        await own?.stop()
      }
    },
  )
})
