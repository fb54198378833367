import type { RequestHandler } from 'express'
import { Problem } from '../http/problem.ts'
import { LastIdentity } from '../users/directory.ts'
import type { LoginRoom } from './login-room.ts'
import { requireFreshSignIn, requireMember, requireProof } from './member.ts'

/** `GET /auth/identities`: by which providers the caller can sign in. */
export function listIdentities(room: LoginRoom): RequestHandler {
  return async (req, res) => {
    const { session } = requireMember(room, req)
    const identities = await room.users.identities.list(session.user.id)
    res.json({
      identities: identities.map(({ provider, linkedAt, email }) => ({
        provider,
        linkedAt: new Date(linkedAt).toISOString(),
        ...(email !== undefined && { email }),
      })),
    })
  }
}

/** `DELETE /auth/identities/{provider}`: takes one way to sign in away, never the last. */
export function unlinkIdentity(room: LoginRoom): RequestHandler {
  return async (req, res) => {
    const open = requireMember(room, req)
    requireProof(req)
    requireFreshSignIn(room, open)
    const provider = String(req.params['provider'])
    const removed = await room.users.identities
      .unlink(open.session.user.id, provider)
      .catch((error: unknown) => {
        throw error instanceof LastIdentity ? new Problem('last-identity', { cause: error }) : error
      })
    if (removed === 0) throw new Problem('not-found')
    // What the identity began goes with it; the caller has just proved who they are and stays.
    const began = { userId: open.session.user.id, provider, except: open.handle }
    const ended = await room.sessions.index.end(began, 'ended-elsewhere')
    room.log.info('identity.unlinked', { provider, user: open.session.user.id, ended })
    res.status(204).end()
  }
}
