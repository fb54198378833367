import type { Log } from '../ops/log.ts'
import type { Identity } from '../session/session.ts'
import { NameTaken, type Profile, type User, type UserDirectory } from '../users/directory.ts'
import { isTooLarge } from './profile-size.ts'
import type { Accepted, SignupSchema } from './signup-schema.ts'

/** What `SIGNUP=auto` works with. */
export interface AutomaticSignup {
  readonly directory: Pick<UserDirectory, 'create'>
  readonly schema: SignupSchema
  readonly log: Log
}

/**
 * A first login creates the user (`SIGNUP=auto`), without a form: with what the provider says, as far as the schema takes it.
 * A name that another user has is left out; the user chooses one with `PATCH /auth/user`.
 */
export function createAutomatically({ directory, schema, log }: AutomaticSignup) {
  return async (identity: Identity): Promise<User> => {
    const offers = new Map(profileFromIdentity(schema, identity))
    for (;;) {
      const profile = Object.fromEntries([...offers].flatMap(([, offer]) => Object.entries(offer.profile)))
      const unique = [...offers.values()].flatMap((offer) => offer.unique)
      try {
        const { user, created } = await directory.create(identity, profile, unique)
        log.info('signup.completed', { provider: identity.provider, userId: user.id, created })
        return user
      } catch (error) {
        if (!(error instanceof NameTaken && offers.delete(error.property))) throw error
      }
    }
  }
}

/** Those properties of the schema that the provider's data fill validly, each judged by itself. */
export function profileFromIdentity(
  schema: SignupSchema,
  { nickname, email, emailVerified, picture }: Identity,
): ReadonlyMap<string, Accepted> {
  // An address that nobody has proved would be another person's in the profile, the token, and as a unique value.
  const proved = emailVerified ? email : undefined
  const offered = { nickname, name: nickname, email: proved, picture }
  const offers = new Map<string, Accepted>()
  let profile: Profile = {}
  for (const [property, value] of Object.entries(offered)) {
    if (value === undefined || !schema.properties.includes(property)) continue
    const judged = schema.judgeProperty(property, value)
    // Each may fit by itself, and all together be too large for a session.
    if ('errors' in judged || isTooLarge({ ...profile, ...judged.profile })) continue
    profile = { ...profile, ...judged.profile }
    offers.set(property, judged)
  }
  return offers
}
