import type { Clock } from '../clock.ts'
import type { UserAdministration } from './directory.ts'
import { insertIdentity } from './identity-rows.ts'
import type { Store } from './store.ts'
import { toIdentity, toUser } from './tables.ts'
import { newUser } from './user-directory.ts'

/** What the command line does with users. */
export function createUserAdministration(store: Store, clock: Clock): UserAdministration {
  return {
    all: ({ limit, offset }) =>
      store.query(async (db) => {
        const users = await db
          .selectFrom('coatcheck_users')
          .selectAll()
          .orderBy('created_at')
          .orderBy('id')
          .limit(limit)
          .offset(offset)
          .execute()
        if (users.length === 0) return []
        const rows = await db
          .selectFrom('coatcheck_identities')
          .selectAll()
          .where(
            'user_id',
            'in',
            users.map(({ id }) => id),
          )
          .where('unlinked_at', 'is', null)
          .orderBy('linked_at')
          .execute()
        const byUser = Map.groupBy(rows, (row) => row.user_id)
        return users.map((row) => ({
          ...toUser(row),
          identities: (byUser.get(row.id) ?? []).map(toIdentity),
        }))
      }),

    add: (identity) =>
      store.transact(async (trx) => {
        const now = clock()
        const row = newUser({}, now)
        await trx.insertInto('coatcheck_users').values(row).execute()
        await insertIdentity(trx, row.id, { facts: identity, now })
        return toUser(row)
      }),

    setDisabled: (id, disabled) =>
      store.transact(async (trx) => {
        const now = clock()
        const { numUpdatedRows } = await trx
          .updateTable('coatcheck_users')
          .set({ disabled_at: disabled ? now : null, updated_at: now })
          .where('id', '=', id)
          .executeTakeFirst()
        return numUpdatedRows > 0n
      }),

    delete: (id) =>
      store.transact(async (trx) => {
        const { numDeletedRows } = await trx
          .deleteFrom('coatcheck_users')
          .where('id', '=', id)
          .executeTakeFirst()
        return numDeletedRows > 0n
      }),
  }
}
