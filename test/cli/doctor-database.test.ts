import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import pg from 'pg'
import { freshDatabase } from '../support/services.ts'
import { type Arrangements, setUpsOf } from './broken-set-ups.ts'
import { type DoctorRoom, type LocalServer, openDoctorRoom, startRefusingPostgres } from './doctor-room.ts'

const folder = mkdtempSync(join(tmpdir(), 'coatcheck-doctor-'))
const opened: LocalServer[] = []
let room: DoctorRoom
beforeAll(async () => {
  room = await openDoctorRoom(['google'])
})
afterAll(async () => {
  await Promise.all([room.close(), ...opened.map((server) => server.close())])
  rmSync(folder, { recursive: true, force: true })
})

async function answering(refusal?: { code: string; message: string }): Promise<string> {
  const server = await startRefusingPostgres(refusal)
  opened.push(server)
  return server.url
}

/** A new database after these statements; `{database}` stands for its name. */
async function databaseAfter(...statements: readonly string[]): Promise<string> {
  const url = await freshDatabase()
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const name = new URL(url).pathname.slice(1)
  for (const statement of statements) await client.query(statement.replace('{database}', name))
  await client.end()
  return url
}

async function withoutRights(): Promise<string> {
  const user = `reader_${process.pid}_${Date.now()}`
  const url = await databaseAfter(`CREATE ROLE ${user} LOGIN`, 'REVOKE CREATE ON SCHEMA public FROM PUBLIC')
  return url.replace('postgres@', `${user}@`)
}

const database: Arrangements<'database', () => string | Promise<string>> = {
  'the database is not running': () => 'postgres://u:p@127.0.0.1:2/x',
  'the database does not answer': () => answering(),
  'the database’s name is wrong': async () => (await freshDatabase()).replace(/\w+$/, 'nowhere'),
  'the database’s user is wrong': async () => (await freshDatabase()).replace('postgres@', 'nobody@'),
  'the database’s password is wrong': () =>
    answering({ code: '28P01', message: 'password authentication failed for user "coatcheck"' }),
  'the tables are missing and may not be made': withoutRights,
  'the database is a standby': () =>
    databaseAfter('ALTER DATABASE {database} SET default_transaction_read_only = on'),
  'the database has no connection left': () =>
    answering({ code: '53300', message: 'sorry, too many clients already' }),
  // PgBouncer 1.18 says so, in these words.
  'a PgBouncer refuses statement_timeout': () =>
    answering({ code: '08P01', message: 'unsupported startup parameter: statement_timeout' }),
  'a PgBouncer knows no such database': () =>
    answering({ code: '08P01', message: 'no such database: coatcheck' }),
  'SQLite’s folder cannot be there': () => 'sqlite:/dev/null/users.sqlite',
  'SQLite’s file is another file': () => {
    const path = join(folder, 'notes.txt')
    writeFileSync(path, 'this is no database, but it is long enough to look like one '.repeat(20))
    return `sqlite:${path}`
  },
}

describe('coatcheck doctor names what is wrong with the user database', () => {
  it.each(setUpsOf('database', database))('%s', async (_, how, expected) => {
    const { failures } = await room.doctor({ DATABASE_URL: await how() })
    expect(failures).toEqual([expect.stringMatching(expected)])
  })
})
