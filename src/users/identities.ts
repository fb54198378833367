import type { Clock } from '../clock.ts'
import { IdentityTaken, LastIdentity, type UserIdentities } from './directory.ts'
import { findIdentity, insertIdentity, refreshIdentity } from './identity-rows.ts'
import type { Store } from './store.ts'
import { toIdentity } from './tables.ts'

/** The ways in which a user signs in. */
export function createUserIdentities(store: Store, clock: Clock): UserIdentities {
  return {
    list: (userId) =>
      store.query(async (db) => {
        const rows = await db
          .selectFrom('coatcheck_identities')
          .selectAll()
          .where('user_id', '=', userId)
          .where('unlinked_at', 'is', null)
          .orderBy('linked_at')
          .orderBy('provider')
          .execute()
        return rows.map(toIdentity)
      }),

    link: (userId, identity) =>
      store.transact(async (trx) => {
        const owner = (await findIdentity(trx, identity))?.user_id
        if (owner === undefined) return insertIdentity(trx, userId, { facts: identity, now: clock() })
        if (owner !== userId) throw new IdentityTaken()
        return refreshIdentity(trx, identity, clock())
      }),

    unlink: (userId, provider) =>
      store.transact(async (trx) => {
        // Touches the user's row first: of two tabs that each remove "the other one", the second sees what the first left.
        await trx
          .updateTable('coatcheck_users')
          .set({ updated_at: clock() })
          .where('id', '=', userId)
          .execute()
        const rows = await trx
          .selectFrom('coatcheck_identities')
          .select(['provider', 'unlinked_at'])
          .where('user_id', '=', userId)
          .execute()
        if (!rows.some((row) => row.provider === provider)) return 0
        if (!rows.some((row) => row.provider !== provider && row.unlinked_at === null))
          throw new LastIdentity()
        const { numDeletedRows } = await trx
          .deleteFrom('coatcheck_identities')
          .where('user_id', '=', userId)
          .where('provider', '=', provider)
          .executeTakeFirst()
        return Number(numDeletedRows)
      }),

    markUnlinked: ({ provider, subject }) =>
      store.transact(async (trx) => {
        const { numUpdatedRows } = await trx
          .updateTable('coatcheck_identities')
          .set(({ fn, val }) => ({ unlinked_at: fn.coalesce('unlinked_at', val(clock())) }))
          .where('provider', '=', provider)
          .where('subject', '=', subject)
          .executeTakeFirst()
        return numUpdatedRows > 0n
      }),
  }
}
