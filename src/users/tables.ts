import type { Selectable } from 'kysely'
import type { LinkedIdentity, Profile, User } from './directory.ts'

/** The directory's tables. Times are ms since the epoch. Prefixed: the database may be an application's own. */
export interface Tables {
  readonly coatcheck_users: UserTable
  readonly coatcheck_identities: IdentityTable
  readonly coatcheck_unique_values: UniqueValueTable
  readonly coatcheck_migrations: { readonly name: string; readonly applied_at: number }
}

export interface UserTable {
  readonly id: string
  /** JSON. */
  readonly profile: string
  readonly disabled_at: number | null
  readonly created_at: number
  readonly updated_at: number
}

export interface IdentityTable {
  readonly provider: string
  readonly subject: string
  readonly user_id: string
  readonly email: string | null
  /** 0 or 1: SQLite has no boolean. */
  readonly email_verified: number | null
  readonly picture: string | null
  readonly linked_at: number
  /** When the provider said that the person withdrew. */
  readonly unlinked_at: number | null
}

export interface UniqueValueTable {
  readonly property: string
  readonly key: string
  readonly user_id: string
}

/** A user as the directory's port has it. */
export function toUser(row: Selectable<UserTable>): User {
  return {
    id: row.id,
    profile: JSON.parse(row.profile) as Profile,
    disabled: row.disabled_at !== null,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}

/** An identity as the directory's port has it. */
export function toIdentity(row: Selectable<IdentityTable>): LinkedIdentity {
  return {
    provider: row.provider,
    subject: row.subject,
    linkedAt: row.linked_at,
    ...(row.email !== null && { email: row.email }),
    ...(row.email_verified !== null && { emailVerified: row.email_verified === 1 }),
    ...(row.picture !== null && { picture: row.picture }),
  }
}
