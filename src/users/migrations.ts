import type { Kysely, RawBuilder, Transaction } from 'kysely'
import type { Tables } from './tables.ts'

export interface Migration {
  readonly name: string
  up(trx: Transaction<Tables>): Promise<void>
}

/** In order; never changed once released. They only add, so that the release before keeps working beside this one. */
export const migrations: readonly Migration[] = [{ name: '001-users', up: createTables }]

async function createTables(trx: Transaction<Tables>): Promise<void> {
  await trx.schema
    .createTable('coatcheck_users')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('profile', 'text', (column) => column.notNull())
    .addColumn('disabled_at', 'bigint')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .execute()
  await trx.schema
    .createIndex('coatcheck_users_by_creation')
    .on('coatcheck_users')
    .columns(['created_at', 'id'])
    .execute()
  await trx.schema
    .createTable('coatcheck_identities')
    .addColumn('provider', 'text', (column) => column.notNull())
    .addColumn('subject', 'text', (column) => column.notNull())
    .addColumn('user_id', 'text', (column) =>
      column.notNull().references('coatcheck_users.id').onDelete('cascade'),
    )
    .addColumn('email', 'text')
    .addColumn('email_verified', 'integer')
    .addColumn('picture', 'text')
    .addColumn('linked_at', 'bigint', (column) => column.notNull())
    .addColumn('unlinked_at', 'bigint')
    .addPrimaryKeyConstraint('coatcheck_identities_pkey', ['provider', 'subject'])
    .execute()
  await trx.schema
    .createIndex('coatcheck_identities_by_user')
    .on('coatcheck_identities')
    .column('user_id')
    .execute()
  await trx.schema
    .createTable('coatcheck_unique_values')
    .addColumn('property', 'text', (column) => column.notNull())
    .addColumn('key', 'text', (column) => column.notNull())
    .addColumn('user_id', 'text', (column) =>
      column.notNull().references('coatcheck_users.id').onDelete('cascade'),
    )
    .addPrimaryKeyConstraint('coatcheck_unique_values_pkey', ['property', 'key'])
    .execute()
  await trx.schema
    .createIndex('coatcheck_unique_values_by_user')
    .on('coatcheck_unique_values')
    .column('user_id')
    .execute()
}

export interface MigrationOptions {
  readonly migrations: readonly Migration[]
  /** Makes other instances wait until the transaction ends. SQLite needs none: there the transaction itself does. */
  readonly lock: RawBuilder<unknown> | undefined
  readonly now: number
}

/**
 * Brings the schema up to date: all or nothing, by one instance at a time. The names of what it applied.
 * (Kysely's Migrator has no lock between processes on SQLite, one that a transaction pooler loses on PostgreSQL,
 * and refuses a schema that a newer release has extended already.)
 */
export function migrate(
  db: Kysely<Tables>,
  { migrations, lock, now }: MigrationOptions,
): Promise<readonly string[]> {
  return db.transaction().execute(async (trx) => {
    await lock?.execute(trx)
    await trx.schema
      .createTable('coatcheck_migrations')
      .ifNotExists()
      .addColumn('name', 'text', (column) => column.primaryKey())
      .addColumn('applied_at', 'bigint', (column) => column.notNull())
      .execute()
    const rows = await trx.selectFrom('coatcheck_migrations').select('name').execute()
    const applied = new Set(rows.map(({ name }) => name))
    const pending = migrations.filter(({ name }) => !applied.has(name))
    for (const { name, up } of pending) {
      await up(trx)
      await trx.insertInto('coatcheck_migrations').values({ name, applied_at: now }).execute()
    }
    return pending.map(({ name }) => name)
  })
}
