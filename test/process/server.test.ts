import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import pg from 'pg'
import { createClient } from 'redis'
import { createWorld, type World } from '../../src/testing/world.ts'
import { sessionOf, signUp } from '../support/house.ts'
import { type ServerProcess, spawnServer, startServer } from '../support/server-process.ts'
import { freshDatabase, freshPrefix, redisUrl } from '../support/services.ts'

describe('a server with Redis and PostgreSQL', () => {
  let world: World
  let env: Record<string, string>
  let server: ServerProcess
  beforeAll(async () => {
    world = await createWorld({ providers: ['kakao', 'naver'] })
    const prefix = freshPrefix()
    env = {
      ...world.env,
      REDIS_URL: redisUrl(),
      REDIS_PREFIX: prefix,
      DATABASE_URL: await freshDatabase(),
      LOG_LEVEL: 'debug',
    }
    server = await startServer(env)
  })
  afterAll(async () => {
    await server.stop()
    await world.close()
  })

  it('keeps the session in Redis, sealed, under a name that is not the ticket', async () => {
    const browser = world.browser()
    await signUp(browser, 'kakao', 'sealed name')
    const cookie = decodeURIComponent(browser.cookies('session')[0]?.value ?? '')
    const ticket = /^s:([\w-]{43})\./.exec(cookie)?.[1] as string
    const redis = await createClient({ url: redisUrl() }).connect()
    const keys: string[] = []
    for await (const batch of redis.scanIterator({ MATCH: `${env['REDIS_PREFIX']}*` })) keys.push(...batch)
    expect(keys.some((key) => key.startsWith(`${env['REDIS_PREFIX']}session:`))).toBe(true)
    for (const key of keys) {
      const type = await redis.type(key)
      const value =
        type === 'hash'
          ? JSON.stringify(await redis.hGetAll(key))
          : type === 'string'
            ? ((await redis.get(key)) ?? '')
            : type
      for (const secret of [ticket, 'sealed name', 'kakao', 'eyJ']) expect(key + value).not.toContain(secret)
    }
    redis.destroy()
  })

  it('keeps the user in PostgreSQL', async () => {
    await signUp(world.browser(), 'naver', 'a row of data')
    const client = new pg.Client({ connectionString: env['DATABASE_URL'] })
    await client.connect()
    const { rows } = await client.query('SELECT * FROM coatcheck_users')
    await client.end()
    expect(JSON.stringify(rows)).toContain('a row of data')
  })

  it('knows its tickets after a restart, ends within SHUTDOWN_TIMEOUT and exits with 0', async () => {
    const browser = world.browser()
    await signUp(browser)
    expect(await server.stop()).toBe(0)
    server = await startServer(env)
    expect(await sessionOf(browser)).toMatchObject({ state: 'member', provider: 'kakao' })
  })

  it('exits with 0 on SIGINT too', async () => {
    expect(await server.stop('SIGINT')).toBe(0)
    server = await startServer(env)
  })

  it('answers a request that is under way before it ends, and takes no new connection', async () => {
    // A request whose head is not complete yet is under way.
    const socket = connect(Number(env['PORT']), '127.0.0.1')
    await once(socket, 'connect')
    socket.write(
      `POST /auth/logout HTTP/1.1\r\nHost: ${new URL(env['PUBLIC_URL'] as string).host}\r\nX-CSRF: 1\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n`,
    )
    await new Promise((resolve) => setTimeout(resolve, 100))
    const stopped = server.stop()
    // A tenth of SHUTDOWN_TIMEOUT, in which a load balancer may look elsewhere.
    await new Promise((resolve) => setTimeout(resolve, 1_200))
    const [refusal] = await once(connect(Number(env['PORT']), '127.0.0.1'), 'error')
    expect(refusal).toMatchObject({ code: 'ECONNREFUSED' })
    let answer = ''
    socket.on('data', (chunk: Buffer) => {
      answer += chunk.toString()
    })
    socket.write('{}')
    expect(await stopped).toBe(0)
    expect(answer).toMatch(/^HTTP\/1\.1 200 /)
    server = await startServer(env)
  })
})

describe('a wrong configuration', () => {
  it('ends with 1 and a line for each of ten problems, and no secret in any', async () => {
    const secret = 'not-long-enough-secret'
    const server = spawnServer({
      PUBLIC_URL: 'http://app.example',
      PORT: 'eighty',
      TRUST_PROXY: '10.0.0.0/99',
      SESSION_SECRET: secret,
      SESSION_IDLE_TIMEOUT: '1 day',
      SESSION_COOKIE_SAMESITE: 'none',
      REDIS_URL: 'http://localhost',
      SIGNUP: 'maybe',
      DATABASE_URL: 'mysql://x',
      PROVIDERS: 'kakao',
      API_ROUTES: '[{"path":"/auth/x","target":"ftp://y"}]',
      LOG_LEVEL: 'loud',
      WORKERS: '-1',
    })
    const [code] = (await once(server.child, 'close')) as [number]
    const { stdout, stderr } = server.output()
    const lines = stderr.trim().split('\n')
    expect(code).toBe(1)
    expect(stdout).toBe('')
    for (const variable of [
      'PUBLIC_URL',
      'PORT',
      'TRUST_PROXY',
      'SESSION_SECRET',
      'SESSION_IDLE_TIMEOUT',
      'SESSION_COOKIE_SAMESITE',
      'REDIS_URL',
      'SIGNUP',
      'DATABASE_URL',
      'KAKAO_CLIENT_ID',
      'KAKAO_CLIENT_SECRET',
      'API_ROUTES',
      'LOG_LEVEL',
      'WORKERS',
    ]) {
      expect(lines.filter((line) => line.startsWith(variable)).length).toBeGreaterThan(0)
    }
    expect(lines.length).toBeGreaterThanOrEqual(10)
    expect(stderr).not.toContain(secret)
  })

  it('says so when the port is taken', async () => {
    const world = await createWorld({ providers: ['kakao'] })
    const first = await startServer(world.env)
    const second = spawnServer(world.env)
    const [code] = (await once(second.child, 'close')) as [number]
    expect(code).toBe(1)
    expect(second.output().stderr).toMatch(/^PORT: /)
    await first.stop()
    await world.close()
  })
})
