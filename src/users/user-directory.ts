import { randomUUID } from 'node:crypto'
import type { Transaction } from 'kysely'
import type { Clock } from '../clock.ts'
import {
  type IdentityFacts,
  IdentityTaken,
  NameTaken,
  type Profile,
  type UniqueValue,
  type User,
  type UserDirectory,
} from './directory.ts'
import { findIdentity, insertIdentity, isNews, refreshIdentity } from './identity-rows.ts'
import type { Store } from './store.ts'
import { type Tables, toUser, type UserTable } from './tables.ts'

/** Who is who: what sign-in and sign-up need. */
export function createUserDirectory(store: Store, clock: Clock): UserDirectory {
  const find = (id: string): Promise<User | undefined> =>
    store.query(async (db) => {
      const row = await db.selectFrom('coatcheck_users').selectAll().where('id', '=', id).executeTakeFirst()
      return row && toUser(row)
    })

  async function signIn(identity: IdentityFacts): Promise<User | undefined> {
    const row = await store.query((db) => findIdentity(db, identity))
    if (!row) return undefined
    // Most sign-ins bring no news: they write nothing.
    if (!isNews(row, identity)) return find(row.user_id)
    return store.transact(async (trx) => {
      await refreshIdentity(trx, identity, clock())
      const user = await trx
        .updateTable('coatcheck_users')
        .set({ updated_at: clock() })
        .where('id', '=', row.user_id)
        .returningAll()
        .executeTakeFirst()
      return user && toUser(user)
    })
  }

  async function insert(identity: IdentityFacts, profile: Profile, unique: readonly UniqueValue[]) {
    const now = clock()
    const row = newUser(profile, now)
    await store.transact(async (trx) => {
      await trx.insertInto('coatcheck_users').values(row).execute()
      // Before the names: a second tab of the same person must not hear that the name is taken.
      await insertIdentity(trx, row.id, { facts: identity, now })
      await insertUnique(trx, row.id, unique)
    })
    return toUser(row)
  }

  return {
    find,
    signIn,

    async create(identity, profile, unique) {
      const known = await signIn(identity)
      if (known) return { user: known, created: false }
      try {
        return { user: await insert(identity, profile, unique), created: true }
      } catch (error) {
        const meanwhile = error instanceof IdentityTaken ? await signIn(identity) : undefined
        if (meanwhile) return { user: meanwhile, created: false }
        throw error
      }
    },

    update: (id, profile, unique) =>
      store.transact(async (trx) => {
        // First the user's own row: two changes of one user take turns.
        const row = await trx
          .updateTable('coatcheck_users')
          .set({ profile: JSON.stringify(profile), updated_at: clock() })
          .where('id', '=', id)
          .returningAll()
          .executeTakeFirst()
        if (!row) return undefined
        await trx.deleteFrom('coatcheck_unique_values').where('user_id', '=', id).execute()
        await insertUnique(trx, id, unique)
        return toUser(row)
      }),

    available: ({ property, key }, userId) =>
      store.query(async (db) => {
        const taken = await db
          .selectFrom('coatcheck_unique_values')
          .select('user_id')
          .where('property', '=', property)
          .where('key', '=', key)
          .executeTakeFirst()
        return taken === undefined || taken.user_id === userId
      }),
  }
}

/** A user's row with an id of its own. */
export function newUser(profile: Profile, now: number): UserTable {
  return {
    id: randomUUID(),
    profile: JSON.stringify(profile),
    disabled_at: null,
    created_at: now,
    updated_at: now,
  }
}

async function insertUnique(
  trx: Transaction<Tables>,
  userId: string,
  unique: readonly UniqueValue[],
): Promise<void> {
  // Everybody takes the properties in one order: no two transactions wait for each other.
  for (const { property, key } of unique.toSorted((a, b) => (a.property < b.property ? -1 : 1))) {
    const { numInsertedOrUpdatedRows } = await trx
      .insertInto('coatcheck_unique_values')
      .values({ property, key, user_id: userId })
      .onConflict((conflict) => conflict.columns(['property', 'key']).doNothing())
      .executeTakeFirst()
    if (numInsertedOrUpdatedRows !== 1n) throw new NameTaken(property)
  }
}
