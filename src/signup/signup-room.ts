import type { ServiceTokenIssuer } from '../api-token/api-tokens.ts'
import type { Log } from '../ops/log.ts'
import type { Sessions } from '../session/sessions.ts'
import type { UserDirectory } from '../users/directory.ts'
import type { SignupSchema } from './signup-schema.ts'

/** What the sign-up room's use cases work with. */
export interface SignupRoom {
  readonly sessions: Pick<Sessions, 'writer' | 'tickets' | 'describe'>
  readonly directory: Pick<UserDirectory, 'find' | 'create' | 'update' | 'available'>
  readonly schema: SignupSchema
  readonly initialTokens: ServiceTokenIssuer['initialTokens']
  readonly log: Log
  /** SIGNUP=closed: who was vouched for before it was closed cannot sign up any more. */
  readonly closed?: boolean
}
