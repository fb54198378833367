import type { Log } from '../ops/log.ts'
import type { Identity } from '../session/session.ts'
import { NameTaken, type User, type UserDirectory } from '../users/directory.ts'
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
  { nickname, email, picture }: Identity,
): ReadonlyMap<string, Accepted> {
  const offered = { nickname, name: nickname, email, picture }
  const offers = Object.entries(offered).flatMap(([property, value]): [string, Accepted][] => {
    if (value === undefined || !schema.properties.includes(property)) return []
    const judged = schema.judgeProperty(property, value)
    return 'errors' in judged ? [] : [[property, judged]]
  })
  return new Map(offers)
}
