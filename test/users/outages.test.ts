import { chmodSync, statSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { sql } from 'kysely'
import pg from 'pg'
import { createUsers } from '../../src/users/create-users.ts'
import { DirectoryUnavailable, type Users } from '../../src/users/directory.ts'
import { migrations } from '../../src/users/migrations.ts'
import { openStore } from '../../src/users/store.ts'
import { freePort } from '../support/ports.ts'
import { type PostgresServer, startPostgres } from '../support/postgres-server.ts'
import { comeBack } from './come-back.ts'
import { freshPath, rememberingLog, removeFiles } from './databases.ts'

const clock = () => Date.parse('2026-01-01T00:00:00Z')
const called = [{ property: 'nickname', key: 'kim' }]
const kakao = { provider: 'kakao', subject: '1001' }

afterAll(removeFiles)

/** The longest time in ms that the event loop stood still while `work` ran. */
async function longestPause(work: () => Promise<unknown>): Promise<number> {
  let longest = 0
  let last = performance.now()
  const timer = setInterval(() => {
    longest = Math.max(longest, performance.now() - last)
    last = performance.now()
  }, 5)
  await work()
  clearInterval(timer)
  return Math.max(longest, performance.now() - last)
}

async function outcome(call: Promise<unknown>): Promise<{ readonly failed: unknown; readonly ms: number }> {
  const start = performance.now()
  const failed = await call.then(
    () => undefined,
    (error: unknown) => error,
  )
  return { failed, ms: performance.now() - start }
}

/** A network to a PostgreSQL that can be cut: every connection is reset, without a word of the server's. */
async function cuttable(postgres: PostgresServer) {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    const onward = connect(postgres.port, '127.0.0.1')
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => onward.destroy())
    onward.on('error', () => {}).on('close', () => socket.destroy())
    socket.pipe(onward).pipe(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = new URL(postgres.url)
  url.port = String((server.address() as AddressInfo).port)
  const cut = () => {
    for (const socket of sockets) socket.resetAndDestroy()
    sockets.clear()
  }
  return { url: url.href, cut, close: () => server.close() }
}

/** Keeps every sign-up waiting in the middle of its transaction, until it is let go. */
async function holdSignups({ url }: PostgresServer) {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query('BEGIN; LOCK TABLE coatcheck_unique_values IN EXCLUSIVE MODE')
  return {
    /** The process that waits. */
    async waiting(): Promise<number> {
      for (;;) {
        const { rows } = await client.query<{ pid: number }>(
          "SELECT pid FROM pg_stat_activity WHERE application_name = 'coatcheck' AND wait_event_type = 'Lock'",
        )
        if (rows[0]) return rows[0].pid
        await sleep(10)
      }
    },
    async letGo() {
      await client.query('COMMIT')
      await client.end()
    },
  }
}

/** The processes behind our connections: stopping the server's own leaves them running. */
async function backendsOf({ url }: PostgresServer): Promise<number[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const { rows } = await client.query<{ pid: number }>(
    "SELECT pid FROM pg_stat_activity WHERE application_name = 'coatcheck'",
  )
  await client.end()
  return rows.map(({ pid }) => pid)
}

describe('a SQLite file', () => {
  const open = (path: string, log = rememberingLog()) =>
    createUsers({ database: { kind: 'sqlite', path }, clock, log })

  it('is nobody else’s to read', async () => {
    const path = freshPath()
    const users = await open(path)
    await users.directory.create(kakao, {}, [])
    for (const file of [path, `${path}-wal`, `${path}-shm`]) expect(statSync(file).mode & 0o777).toBe(0o600)
    await users.close()
  })

  it('brings the folder that it is in, on a fresh machine', async () => {
    const folder = `${freshPath()}.d`
    const users = await open(`${folder}/users.db`)
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    await users.close()
  })

  it('that cannot be stops the start and says which', async () => {
    await expect(open(`${freshPath()}/no/such/folder.db`)).rejects.toThrow(
      /sqlite:.*folder\.db cannot be opened/,
    )
    await expect(open(dirname(freshPath()))).rejects.toThrow(/cannot be opened/)
    const text = freshPath()
    writeFileSync(text, 'This is a letter to my aunt, and long enough to be taken for one.'.repeat(20))
    await expect(open(text)).rejects.toThrow(/not a database/)
  })

  it('that another process keeps locked fails calls in time and never stops the event loop', async () => {
    const path = freshPath()
    const log = rememberingLog()
    const users = await open(path, log)
    const { user } = await users.directory.create(kakao, {}, [])
    const other = new DatabaseSync(path)
    other.exec('BEGIN EXCLUSIVE')
    const pause = await longestPause(async () => {
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          outcome(users.directory.create({ ...kakao, subject: `${index}` }, {}, [])),
        ),
      )
      for (const { failed, ms } of outcomes) {
        expect(failed).toBeInstanceOf(DirectoryUnavailable)
        expect(ms).toBeLessThan(3000)
      }
    })
    expect(pause).toBeLessThan(200)
    // Who is a user already signs in: nothing is to be written.
    expect((await users.directory.signIn(kakao))?.id).toBe(user.id)
    other.exec('ROLLBACK')
    expect((await users.directory.create({ ...kakao, subject: '2' }, {}, [])).created).toBe(true)
    expect(log.events).toContain('users.unavailable')
    expect(log.events.at(-1)).toBe('users.available')
    other.close()
    await users.close()
  })

  it('that is locked for a moment keeps its callers waiting, not failing', async () => {
    const path = freshPath()
    const users = await open(path)
    const other = new DatabaseSync(path)
    other.exec('BEGIN IMMEDIATE')
    const waiting = users.directory.create(kakao, {}, [])
    setTimeout(() => other.exec('COMMIT'), 150)
    expect((await waiting).created).toBe(true)
    other.close()
    await users.close()
  })

  it('that is locked at start is migrated when it is free', async () => {
    const path = freshPath()
    const other = new DatabaseSync(path)
    other.exec('BEGIN EXCLUSIVE')
    const users = await open(path)
    await expect(users.ping()).rejects.toBeInstanceOf(DirectoryUnavailable)
    other.exec('ROLLBACK')
    await expect(users.ping()).resolves.toBeUndefined()
    other.close()
    await users.close()
  })

  it('that became read-only stops the start', async () => {
    const path = freshPath()
    await (await open(path)).close()
    if (process.getuid?.() === 0) return
    chmodSync(path, 0o400)
    await expect(open(path)).rejects.toThrow(/cannot be opened/)
  })
})

describe('a PostgreSQL', () => {
  let postgres: PostgresServer
  let users: Users
  const log = rememberingLog()
  const open = (url: string) =>
    createUsers({ database: { kind: 'postgres', url }, clock, log: rememberingLog() })

  beforeAll(async () => {
    postgres = await startPostgres()
    users = await createUsers({ database: { kind: 'postgres', url: postgres.url }, clock, log })
    await users.directory.create(kakao, {}, [])
  })
  afterAll(async () => {
    await users.close()
    await postgres.stop()
  })

  it('that refuses us stops the start', async () => {
    const url = new URL(postgres.url)
    url.pathname = '/nowhere'
    await expect(open(url.href)).rejects.toThrow(/database "nowhere" does not exist/)
    url.pathname = '/postgres'
    url.username = 'nobody'
    await expect(open(url.href)).rejects.toThrow(/role "nobody" does not exist/)
  })

  it('with a certificate file that is not there stops the start', async () => {
    await expect(open(`${postgres.url}?sslmode=verify-full&sslrootcert=/no/such/ca.pem`)).rejects.toThrow(
      /ca\.pem/,
    )
  })

  it('is asked for TLS when the URL says so, and without it nothing is sent', async () => {
    const strict = await open(`${postgres.url}?sslmode=verify-full`)
    await expect(strict.ping()).rejects.toMatchObject({
      name: 'DirectoryUnavailable',
      cause: { message: expect.stringContaining('does not support SSL') },
    })
    await strict.close()
  })

  it.each([
    ['is told to give up before we do', '', '2s'],
    ['is told nothing when the URL says so, for a pooler’s sake', '?statement_timeout=', '0'],
  ])('%s', async (_, query, expected) => {
    const database = { kind: 'postgres', url: postgres.url + query } as const
    const store = await openStore({ database, migrations, clock, log: rememberingLog() })
    const { rows } = await store.query((db) => sql`SHOW statement_timeout`.execute(db))
    expect(rows).toEqual([{ statement_timeout: expected }])
    await store.close()
  })

  it('that is away at start does not stop it, and is migrated when it comes', async () => {
    const away = await open(`postgres://postgres@127.0.0.1:${await freePort()}/postgres`)
    await expect(away.directory.signIn(kakao)).rejects.toBeInstanceOf(DirectoryUnavailable)
    await away.close()

    await postgres.kill()
    const early = await open(postgres.url)
    await expect(early.ping()).rejects.toBeInstanceOf(DirectoryUnavailable)
    await comeBack(postgres)
    expect(await early.directory.signIn(kakao)).toBeDefined()
    await early.close()
  })

  it('that is killed in the middle fails calls, not the process, and is used again when it is back', async () => {
    const busy = Array.from({ length: 30 }, (_, index) =>
      outcome(users.directory.create({ ...kakao, subject: `killed-${index}` }, {}, [])),
    )
    await postgres.kill()
    for (const { failed } of await Promise.all(busy))
      if (failed) expect(failed).toBeInstanceOf(DirectoryUnavailable)
    const { failed, ms } = await outcome(users.directory.signIn(kakao))
    expect(failed).toBeInstanceOf(DirectoryUnavailable)
    expect(ms).toBeLessThan(1000)
    await comeBack(postgres)
    expect(await users.directory.signIn(kakao)).toBeDefined()
    expect(log.events).toEqual(expect.arrayContaining(['users.unavailable', 'users.available']))
  })

  it('that is lost in the middle of a transaction fails the call, not the process', async () => {
    const network = await cuttable(postgres)
    const far = await open(network.url)
    await Promise.all([far.ping(), far.ping(), far.ping()])
    // Connections that nobody uses at the moment, and one in a transaction.
    const signups = await holdSignups(postgres)
    const call = outcome(far.directory.create({ ...kakao, subject: 'lost' }, {}, called))
    await signups.waiting()
    network.cut()
    expect((await call).failed).toBeInstanceOf(DirectoryUnavailable)
    await signups.letGo()
    expect((await far.directory.create({ ...kakao, subject: 'lost' }, {}, called)).created).toBe(true)
    await far.close()
    network.close()
  })

  it('that hangs in the middle of a transaction leaves no connection in it', async () => {
    const signups = await holdSignups(postgres)
    const call = outcome(users.directory.create({ ...kakao, subject: 'stuck' }, {}, called))
    const pid = await signups.waiting()
    process.kill(pid, 'SIGSTOP')
    expect((await call).failed).toBeInstanceOf(DirectoryUnavailable)
    process.kill(pid, 'SIGCONT')
    await signups.letGo()
    for (let index = 0; index < 20; index++) expect(await users.directory.signIn(kakao)).toBeDefined()
  })

  it('that hangs fails every call within seconds, and is used again when it goes on', async () => {
    await Promise.all(Array.from({ length: 30 }, () => users.directory.signIn(kakao)))
    const backends = await backendsOf(postgres)
    expect(backends.length).toBeGreaterThan(1)
    postgres.freeze()
    for (const pid of backends) process.kill(pid, 'SIGSTOP')
    const calls = await Promise.all(
      Array.from({ length: 30 }, (_, index) =>
        outcome(users.directory.create({ ...kakao, subject: `frozen-${index}` }, {}, [])),
      ),
    )
    for (const { failed, ms } of calls) {
      expect(failed).toBeInstanceOf(DirectoryUnavailable)
      expect(ms).toBeLessThan(6000)
    }
    for (const pid of backends) process.kill(pid, 'SIGCONT')
    postgres.thaw()
    // No connection that still waits for an old answer is handed out.
    for (let index = 0; index < 20; index++) expect(await users.directory.signIn(kakao)).toBeDefined()
  })
})
