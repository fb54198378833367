/** A user: an id and what they filled in at sign-up, by the sign-up schema. */
export interface User {
  /** UUID. */
  readonly id: string
  readonly profile: Profile
  readonly disabled: boolean
  readonly createdAt: number
  readonly updatedAt: number
}

/** The sign-up schema's properties: a JSON object. */
export type Profile = Readonly<Record<string, unknown>>

export interface IdentityKey {
  readonly provider: string
  readonly subject: string
}

/** What a provider said last about an identity; refreshed at each login, never copied over what the user chose. */
export interface IdentityFacts extends IdentityKey {
  readonly email?: string
  readonly emailVerified?: boolean
  readonly picture?: string
}

export interface LinkedIdentity extends IdentityFacts {
  readonly linkedAt: number
}

/** A property's value in the form that must be unique: normalised by the caller. */
export interface UniqueValue {
  readonly property: string
  readonly key: string
}

/** Another user has this value already. */
export class NameTaken extends Error {
  override readonly name = 'NameTaken'
  readonly property: string
  constructor(property: string) {
    super(`${property} is taken`)
    this.property = property
  }
}

/** The identity belongs to another user. */
export class IdentityTaken extends Error {
  override readonly name = 'IdentityTaken'
}

/** It is the user's only identity. */
export class LastIdentity extends Error {
  override readonly name = 'LastIdentity'
}

/** The database did not answer, or not in time. */
export class DirectoryUnavailable extends Error {
  override readonly name = 'DirectoryUnavailable'
}

/** Every method of the directory's ports throws DirectoryUnavailable when the database cannot answer. */
export interface UserDirectory {
  find(id: string): Promise<User | undefined>
  /** The user of an identity; refreshes what the provider said about it. Identities that a notice unlinked still find their user, and count as linked again. */
  signIn(identity: IdentityFacts): Promise<User | undefined>
  /**
   * One insert: the user, the identity, the unique values. If the identity has a user already, that user comes back
   * with `created: false` (many tabs, one user). @throws NameTaken
   */
  create(
    identity: IdentityFacts,
    profile: Profile,
    unique: readonly UniqueValue[],
  ): Promise<{ user: User; created: boolean }>
  /** undefined: no such user. @throws NameTaken */
  update(id: string, profile: Profile, unique: readonly UniqueValue[]): Promise<User | undefined>
  /** Is the value free, or this user's own? */
  available(value: UniqueValue, userId?: string): Promise<boolean>
}

export interface UserIdentities {
  list(userId: string): Promise<readonly LinkedIdentity[]>
  /** Idempotent for the same user. @throws IdentityTaken */
  link(userId: string, identity: IdentityFacts): Promise<void>
  /** How many were removed. @throws LastIdentity when none would be left */
  unlink(userId: string, provider: string): Promise<number>
  /** The provider says the person withdrew: the identity stays the user's but is no longer listed. False: nobody has it. */
  markUnlinked(identity: IdentityKey): Promise<boolean>
}

/** What the command line does with users. */
export interface UserAdministration {
  /** Pages by creation time. */
  all(options: {
    readonly limit: number
    readonly offset: number
  }): Promise<readonly (User & { identities: readonly LinkedIdentity[] })[]>
  /** A user for SIGNUP=closed; the profile may be empty. @throws IdentityTaken */
  add(identity: IdentityKey): Promise<User>
  setDisabled(id: string, disabled: boolean): Promise<boolean>
  /** False: no such user. */
  delete(id: string): Promise<boolean>
}

export interface Users {
  readonly directory: UserDirectory
  readonly identities: UserIdentities
  readonly administration: UserAdministration
  /** Throws DirectoryUnavailable. */
  ping(): Promise<void>
  close(): Promise<void>
}
