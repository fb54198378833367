import type { Vouched } from '../providers/provider.ts'
import type { Identity, Session, SessionUser } from '../session/session.ts'
import type { IdentityFacts, User } from '../users/directory.ts'
import { LoginError } from './login-error.ts'
import type { LoginRoom } from './login-room.ts'

interface Welcome {
  /** A local path. */
  readonly page: string
  readonly session: (handle: string) => Session | Promise<Session>
}

/**
 * Whom a provider vouches for: a known user becomes a member, a newcomer what SIGNUP says.
 * @throws LoginError `account-disabled`, `sign-up-closed`; DirectoryUnavailable
 */
export async function welcome(room: LoginRoom, vouched: Vouched, returnTo: string): Promise<Welcome> {
  const { identity, grant, authenticatedAt, idToken } = vouched
  const signedIn = { identity, grant, authenticatedAt, ...(idToken !== undefined && { idToken }) }
  const user = await userOf(room, identity)
  if (!user) {
    observe(room, identity, 'registering')
    return { page: room.pages.signup, session: () => ({ state: 'registering', ...signedIn, returnTo }) }
  }
  if (user.disabled) throw new LoginError('account-disabled')
  observe(room, identity, 'member')
  const member = { ...signedIn, user: sessionUser(user) }
  return {
    page: returnTo,
    session: async (handle) => ({
      state: 'member',
      ...member,
      tokens: await room.initialTokens(member, handle),
    }),
  }
}

async function userOf(room: LoginRoom, identity: Identity): Promise<User | undefined> {
  const known = await room.users.directory.signIn(identityFacts(identity))
  if (known || room.newcomers.mode === 'form') return known
  if (room.newcomers.mode === 'closed') throw new LoginError('sign-up-closed')
  return room.newcomers.create(identity)
}

/** What the directory keeps of an identity. */
export function identityFacts({ provider, subject, email, emailVerified, picture }: Identity): IdentityFacts {
  return {
    provider,
    subject,
    emailVerified,
    ...(email !== undefined && { email }),
    ...(picture !== undefined && { picture }),
  }
}

function sessionUser({ id, profile }: User): SessionUser {
  return { id, profile }
}

function observe(room: LoginRoom, { provider }: Identity, outcome: string): void {
  room.log.info('login.succeeded', { provider, outcome })
  room.observe({ provider, purpose: 'login', outcome })
}
