import type { Kysely, Selectable, Transaction } from 'kysely'
import { type IdentityFacts, type IdentityKey, IdentityTaken } from './directory.ts'
import type { IdentityTable, Tables } from './tables.ts'

/** The row of an identity. */
export function findIdentity(
  db: Kysely<Tables>,
  { provider, subject }: IdentityKey,
): Promise<Selectable<IdentityTable> | undefined> {
  return db
    .selectFrom('coatcheck_identities')
    .selectAll()
    .where('provider', '=', provider)
    .where('subject', '=', subject)
    .executeTakeFirst()
}

/** Gives an identity to a user. @throws IdentityTaken when anybody has it */
export async function insertIdentity(
  trx: Transaction<Tables>,
  userId: string,
  { facts, now }: { readonly facts: IdentityFacts; readonly now: number },
): Promise<void> {
  const { provider, subject } = facts
  const { numInsertedOrUpdatedRows } = await trx
    .insertInto('coatcheck_identities')
    .values({ provider, subject, user_id: userId, ...columns(facts), linked_at: now, unlinked_at: null })
    .onConflict((conflict) => conflict.columns(['provider', 'subject']).doNothing())
    .executeTakeFirst()
  if (numInsertedOrUpdatedRows !== 1n) throw new IdentityTaken()
}

/** Has the provider anything new to say, or is the identity back after a notice had unlinked it? */
export function isNews(row: Selectable<IdentityTable>, facts: IdentityFacts): boolean {
  const { email, email_verified, picture } = columns(facts)
  return (
    row.unlinked_at !== null ||
    row.email !== email ||
    row.email_verified !== email_verified ||
    row.picture !== picture
  )
}

/** Keeps what the provider says now; an unlinked identity counts as linked again, from now on. */
export async function refreshIdentity(
  trx: Transaction<Tables>,
  facts: IdentityFacts,
  now: number,
): Promise<void> {
  await trx
    .updateTable('coatcheck_identities')
    .set((table) => ({
      ...columns(facts),
      linked_at: table.case().when('unlinked_at', 'is', null).then(table.ref('linked_at')).else(now).end(),
      unlinked_at: null,
    }))
    .where('provider', '=', facts.provider)
    .where('subject', '=', facts.subject)
    .execute()
}

function columns(facts: IdentityFacts): Pick<IdentityTable, 'email' | 'email_verified' | 'picture'> {
  return {
    email: facts.email ?? null,
    email_verified: facts.emailVerified === undefined ? null : Number(facts.emailVerified),
    picture: facts.picture ?? null,
  }
}
