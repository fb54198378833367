import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { createClient } from 'redis'
import type { Finding } from '../../src/cli/doctor/finding.ts'
import { createWorld, type Fault, faults, type World } from '../../src/testing/world.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { freshDatabase } from '../support/services.ts'
import { coatcheck } from './terminal.ts'

let world: World
let redis: RedisServer
let api: Awaited<ReturnType<typeof startApi>>
beforeAll(async () => {
  const settings = { appendonly: 'yes', 'maxmemory-policy': 'noeviction' }
  ;[world, redis, api] = await Promise.all([
    createWorld({ providers: ['kakao', 'naver', 'google', 'acme'] }),
    startRedis(settings),
    startApi((_, res) => res.writeHead(404).end()),
  ])
})
afterEach(() => {
  for (const id of ['kakao', 'naver', 'google', 'acme']) world.provider(id).recover()
})
afterAll(async () => {
  await Promise.all([world.close(), redis.stop(), api.close()])
})

async function startApi(listener: RequestListener) {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => new Promise((resolve) => server.close(resolve).closeAllConnections()),
  }
}

type Change = Readonly<Record<string, string>>

/** What the doctor finds with everything in order but `change`. */
async function doctor(change: Change = {}, now: () => number = world.now) {
  const env = { ...world.env, API_URL: api.url, REDIS_URL: redis.url, ...change }
  const { code, json } = await coatcheck('doctor --json', env, now)
  const { ok, findings } = json<{ ok: boolean; findings: readonly Finding[] }>()
  const words = ({ area, seen, advice = '' }: Finding) => `${area}: ${seen} → ${advice}`
  return {
    code,
    ok,
    findings,
    failures: findings.filter(({ level }) => level === 'failed').map(words),
    warnings: findings.filter(({ level }) => level === 'warning').map(words),
  }
}

describe('coatcheck doctor', () => {
  it('finds nothing where everything is in order', async () => {
    const { code, ok, failures, warnings, findings } = await doctor({ DATABASE_URL: await freshDatabase() })
    expect({ code, ok, failures, warnings }).toEqual({ code: 0, ok: true, failures: [], warnings: [] })
    const areas = new Set(findings.map(({ area }) => area))
    expect([...areas]).toEqual([
      'configuration',
      'redis',
      'database',
      'provider kakao',
      'provider naver',
      'provider google',
      'provider acme',
      'api /api',
      'clock',
    ])
  })

  it('tells a person what to register', async () => {
    const { out } = await coatcheck(
      'doctor',
      { ...world.env, REDIS_URL: redis.url, API_URL: api.url },
      world.now,
    )
    for (const id of ['kakao', 'acme'])
      expect(out.join('\n')).toContain(
        `redirect URI to register there: ${world.env['PUBLIC_URL']}/auth/callback/${id}`,
      )
    expect(out.filter((line) => line.startsWith('FAILED'))).toEqual([])
  })

  it('stops at a wrong configuration', async () => {
    const { code, failures } = await doctor({ PORT: 'x', RATE_LIMIT: 'x' })
    expect({ code, lines: failures.length }).toEqual({ code: 1, lines: 2 })
    expect(failures[0]).toContain('PORT: must be')
  })

  it('never says a secret', async () => {
    const secret = 'hunter2-hunter2'
    const change = {
      REDIS_URL: `redis://u:${secret}@127.0.0.1:${redis.port}`,
      DATABASE_URL: `postgres://u:${secret}@127.0.0.1:2/x`,
      KAKAO_CLIENT_SECRET: secret,
      GOOGLE_CLIENT_ID: secret,
    }
    const { code, findings } = await doctor(change)
    expect(code).toBe(1)
    expect(JSON.stringify(findings)).not.toContain(secret)
  })
})

describe('a broken set-up', () => {
  const nobody = 'redis://127.0.0.1:2'
  it.each<[string, Change | (() => Promise<Change>), RegExp]>([
    [
      'Redis is not running',
      { REDIS_URL: nobody },
      /redis: 127.0.0.1:2: nothing listens there.*check the port/,
    ],
    ['Redis’s name is misspelt', { REDIS_URL: 'redis://redis.invalid:6379' }, /redis: .*does not resolve/],
    [
      'Redis is no cluster',
      async () => ({ REDIS_URL: redis.url, REDIS_MODE: 'cluster' }),
      /is no cluster.*REDIS_MODE=single/,
    ],
    [
      'the database is not running',
      { DATABASE_URL: 'postgres://u:p@127.0.0.1:2/x' },
      /database: PostgreSQL at 127.0.0.1:2: nothing listens/,
    ],
    [
      'the database’s name is wrong',
      async () => ({ DATABASE_URL: (await freshDatabase()).replace(/\w+$/, 'nowhere') }),
      /has no such database \(3D000\).*create it/,
    ],
    [
      'the database’s user is wrong',
      async () => ({ DATABASE_URL: (await freshDatabase()).replace('postgres@', 'nobody@') }),
      /refuses the user or the password \(28/,
    ],
    [
      'the data folder cannot be there',
      { DATABASE_URL: 'sqlite:/dev/null/users.sqlite' },
      /database: SQLite at .* cannot be opened/,
    ],
    [
      'a client secret is wrong',
      { KAKAO_CLIENT_SECRET: 'wrong' },
      /kakao: refuses our client.*KAKAO_CLIENT_SECRET/,
    ],
    [
      'a client id is wrong',
      { GOOGLE_CLIENT_ID: 'wrong' },
      /google: refuses our authorization request.*client id/,
    ],
    [
      'the redirect URI is not registered',
      { PUBLIC_URL: 'http://localhost:1' },
      /acme: refuses our authorization request.*register http:\/\/localhost:1\/auth\/callback\/acme/,
    ],
    [
      'an issuer is misspelt',
      { ACME_ISSUER: 'http://127.0.0.1:2' },
      /acme: GET http:\/\/127.0.0.1:2\/.well-known\/.*nothing listens/,
    ],
    [
      'an issuer has a slash too many',
      async () => ({ ACME_ISSUER: `${world.env['ACME_ISSUER']}/` }),
      /acme: .*ACME_ISSUER/,
    ],
    [
      'an issuer is another site',
      async () => ({ ACME_ISSUER: api.url }),
      /acme: .*answered 404.*ACME_ISSUER/,
    ],
    [
      'a token endpoint is another site',
      async () => ({ NAVER_TOKEN_ENDPOINT: `${api.url}/token` }),
      /naver: POST http.*\/token does not speak the protocol/,
    ],
    ['the API is not running', { API_URL: 'http://127.0.0.1:2' }, /api \/api: .*nothing listens/],
    ['the API’s name is misspelt', { API_URL: 'http://api.invalid' }, /api \/api: .*does not resolve/],
    [
      'the API speaks no TLS',
      async () => ({ API_URL: api.url.replace('http:', 'https:') }),
      /api \/api: .*TLS/,
    ],
    [
      'the token exchange is not running',
      {
        API_TOKEN: 'exchange',
        TOKEN_EXCHANGE_URL: 'http://127.0.0.1:2/token',
        TOKEN_EXCHANGE_CLIENT_ID: 'c',
        TOKEN_EXCHANGE_CLIENT_SECRET: 's',
      },
      /token exchange: .*nothing listens/,
    ],
    [
      'the development server is not running',
      { SPA_DEV_URL: 'http://127.0.0.1:2' },
      /spa: .*nothing listens/,
    ],
  ])('is named for what it is: %s', async (_, change, expected) => {
    const { code, failures } = await doctor(typeof change === 'function' ? await change() : change)
    expect(failures).toContainEqual(expect.stringMatching(expected))
    expect(code).toBe(1)
  })

  it.each<[string, string, Fault, RegExp]>([
    ['its metadata are broken', 'metadata', faults.answer(500), /acme: GET .*answered 500/],
    ['it takes any code', 'token', faults.answer(503), /acme: POST .*answered 503/],
    ['its login page is down', 'authorization', faults.answer(502), /acme: its login page answers 502/],
  ])('is named for what it is: a provider, %s', async (_, endpoint, fault, expected) => {
    world.provider('acme').fail(endpoint, fault)
    const { failures, warnings } = await doctor()
    expect([...failures, ...warnings]).toContainEqual(expect.stringMatching(expected))
  })

  it('is named for what it is: our clock is wrong', async () => {
    const skewed = (seconds: number) => () => Date.now() + seconds * 1000
    expect((await doctor({}, skewed(-300))).failures).toContainEqual(
      expect.stringMatching(/clock is 300 s behind.*NTP/),
    )
    expect((await doctor({}, skewed(12))).warnings).toContainEqual(
      expect.stringMatching(/clock is 12 s ahead/),
    )
  })
})

describe('a Redis that sessions should not live in', () => {
  async function findingsWith(settings: Readonly<Record<string, string>>, credentials = '') {
    const own = await startRedis(settings)
    try {
      const { failures, warnings } = await doctor({
        REDIS_URL: `redis://${credentials}127.0.0.1:${own.port}`,
      })
      return [...failures, ...warnings]
    } finally {
      await own.stop()
    }
  }

  it('throws sessions away when it is full', async () => {
    const found = await findingsWith({ appendonly: 'yes', 'maxmemory-policy': 'allkeys-lru' })
    expect(found).toEqual([expect.stringMatching(/maxmemory-policy allkeys-lru.*noeviction/)])
  })

  it('forgets everything at a restart', async () => {
    expect(await findingsWith({})).toEqual([
      expect.stringMatching(/restart signs everybody out.*appendonly yes/),
    ])
  })

  it('wants a password', async () => {
    const own = await startRedis({ appendonly: 'yes' })
    const admin = await createClient({ url: own.url }).connect()
    await admin.configSet('requirepass', 'secret')
    await admin.close()
    const failuresWith = async (credentials: string) =>
      (await doctor({ REDIS_URL: `redis://${credentials}127.0.0.1:${own.port}` })).failures
    try {
      expect(await failuresWith('')).toEqual([expect.stringMatching(/wants a password.*REDIS_URL/)])
      expect(await failuresWith(':wrong@')).toEqual([
        expect.stringMatching(/refuses the user or the password/),
      ])
      expect(await failuresWith(':secret@')).toEqual([])
    } finally {
      await own.stop()
    }
  })

  it('tells nobody of changes', async () => {
    const user = 'coatcheck on >secret ~* &* +@all -client|tracking'
    const found = await findingsWith({ appendonly: 'yes', user }, 'coatcheck:secret@')
    expect(found).toEqual([expect.stringMatching(/CLIENT TRACKING.*\+client\|tracking/)])
  })

  it('lets us read and not write', async () => {
    const user = 'coatcheck on >secret ~* &* +@all -@write'
    const found = await findingsWith({ appendonly: 'yes', user }, 'coatcheck:secret@')
    expect(found).toEqual([expect.stringMatching(/forbids a command that sessions need/)])
  })

  it('hides its settings', async () => {
    const user = 'coatcheck on >secret ~* &* +@all -config'
    expect(await findingsWith({ appendonly: 'yes', user }, 'coatcheck:secret@')).toEqual([])
  })

  it('does not answer', async () => {
    const own = await startRedis()
    own.freeze()
    try {
      expect((await doctor({ REDIS_URL: own.url })).failures).toEqual([
        expect.stringMatching(/redis: .*did not answer in time/),
      ])
    } finally {
      await own.stop()
    }
  })
})
