import type { RequestHandler } from 'express'
import { withQuery } from '../http/local-url.ts'
import { redirect } from '../http/redirect.ts'
import type { Vouched } from '../providers/provider.ts'
import { IdentityTaken } from '../users/directory.ts'
import { identityFacts } from './arrival.ts'
import { LoginError } from './login-error.ts'
import type { LoginRoom } from './login-room.ts'
import { requireFreshSignIn, requireMember, requireProof } from './member.ts'
import { enabledProvider, start } from './start.ts'

/** `GET /auth/link/{provider}`: as a login, but it will add an identity to the member who begins it. */
export function startLink(room: LoginRoom): RequestHandler {
  return async (req, res) => {
    const provider = enabledProvider(room, req.params['provider'])
    if (!room.sessions.writer.current(req)) {
      redirect(res, 303, withQuery(room.pages.login, { returnTo: room.returnTo(req.query['returnTo']) }))
      return
    }
    const starter = requireMember(room, req)
    requireProof(req)
    requireFreshSignIn(room, starter)
    await start(room, { req, res, provider, purpose: 'link', starter })
  }
}

/**
 * Adds the identity to the user of the session that began it, however many e-mail addresses look alike.
 * @throws LoginError `identity-conflict` when it is another user's; `login-expired` when the session is no member's any more
 */
export async function finishLink(
  room: LoginRoom,
  starter: string | undefined,
  { identity }: Vouched,
): Promise<void> {
  const open = starter === undefined ? undefined : await room.sessions.tickets.open(starter)
  if (open?.session.state !== 'member') throw new LoginError('login-expired')
  try {
    await room.users.identities.link(open.session.user.id, identityFacts(identity))
  } catch (error) {
    if (error instanceof IdentityTaken) throw new LoginError('identity-conflict', { cause: error })
    throw error
  }
  room.log.info('identity.linked', { provider: identity.provider, user: open.session.user.id })
  room.observe({ provider: identity.provider, purpose: 'link', outcome: 'linked' })
}
