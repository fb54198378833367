import { createUserAdministration } from './administration.ts'
import type { Users } from './directory.ts'
import { createUserIdentities } from './identities.ts'
import { migrations } from './migrations.ts'
import { openStore, type StoreOptions } from './store.ts'
import { createUserDirectory } from './user-directory.ts'

/**
 * The user directory on SQLite or PostgreSQL. Comes up while the database is away; its calls then throw
 * DirectoryUnavailable until the database is back. Rejects when the database can never work: wrong path, wrong password.
 */
export async function createUsers(options: Omit<StoreOptions, 'migrations'>): Promise<Users> {
  const store = await openStore({ ...options, migrations })
  const { clock } = options
  return {
    directory: createUserDirectory(store, clock),
    identities: createUserIdentities(store, clock),
    administration: createUserAdministration(store, clock),
    async ping() {
      await store.query((db) => db.selectFrom('coatcheck_users').select('id').limit(1).execute())
    },
    close: store.close,
  }
}
