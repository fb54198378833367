import { afterAll, describe, expect, it } from '@jest/globals'
import { createUsers } from '../../src/users/create-users.ts'
import { type Migration, migrations } from '../../src/users/migrations.ts'
import { openStore } from '../../src/users/store.ts'
import { databases, rememberingLog, removeFiles } from './databases.ts'

const clock = () => Date.parse('2026-01-01T00:00:00Z')
const kakao = { provider: 'kakao', subject: '1001' }

afterAll(removeFiles)

/** What a later release could bring. */
const later: Migration = {
  name: '999-nicknames-of-horses',
  async up(trx) {
    await trx.schema.createTable('coatcheck_horses').addColumn('name', 'text').execute()
    await trx.schema.alterTable('coatcheck_users').addColumn('horse', 'text').execute()
  },
}

describe.each(databases)('the schema on %s', (_, freshConfig) => {
  it('is brought up to date once by ten instances that start at once', async () => {
    const database = await freshConfig()
    const logs = Array.from({ length: 10 }, rememberingLog)
    const instances = await Promise.all(logs.map((log) => createUsers({ database, clock, log })))
    await Promise.all(
      instances.map((users, index) => users.directory.create({ ...kakao, subject: `${index}` }, {}, [])),
    )
    expect(logs.flatMap(({ events }) => events)).toEqual(['users.migrated'])
    await Promise.all(instances.map((users) => users.close()))
  })

  it('of an older release is extended, and its users stay', async () => {
    const database = await freshConfig()
    const older = await createUsers({ database, clock, log: rememberingLog() })
    const { user } = await older.directory.create(kakao, { nickname: 'kim' }, [])
    const log = rememberingLog()
    const newer = await openStore({ database, migrations: [...migrations, later], clock, log })
    expect(log.events).toEqual(['users.migrated'])
    const row = await newer.query((db) => db.selectFrom('coatcheck_users').selectAll().executeTakeFirst())
    expect(row).toMatchObject({ id: user.id, horse: null })
    // A rolling update: the older release goes on beside it, and starts again.
    expect(await older.directory.signIn(kakao)).toEqual(user)
    await older.close()
    const again = await createUsers({ database, clock, log: rememberingLog() })
    expect(await again.directory.signIn(kakao)).toEqual(user)
    await again.close()
    await newer.close()
  })

  it('is left as it was by a migration that fails', async () => {
    const database = await freshConfig()
    const failing: Migration = {
      ...later,
      async up(trx) {
        await later.up(trx)
        throw new Error('no hay')
      },
    }
    const broken = await openStore({
      database,
      migrations: [...migrations, failing],
      clock,
      log: rememberingLog(),
    })
    await expect(broken.query(async () => 'never')).rejects.toMatchObject({ name: 'DirectoryUnavailable' })
    await broken.close()
    const log = rememberingLog()
    const mended = await openStore({ database, migrations: [...migrations, later], clock, log })
    expect(log.events).toEqual(['users.migrated'])
    await mended.close()
  })
})
