import type { RequestHandler } from 'express'
import type { Grant } from '../session/session.ts'
import type { LinkedIdentity } from '../users/directory.ts'
import type { LoginRoom } from './login-room.ts'
import { type OpenMember, requireFreshSignIn, requireMember, requireProof } from './member.ts'

/** All providers together; the account goes whether they answer or not. */
const unlinkMs = 10_000

/** `DELETE /auth/account`: the user is gone, their sessions end, and providers are told as far as they can be. */
export function deleteAccount(room: LoginRoom): RequestHandler {
  return async (req, res) => {
    const open = requireMember(room, req)
    requireProof(req)
    requireFreshSignIn(room, open)
    const userId = open.session.user.id
    const identities = await room.users.identities.list(userId)
    await room.users.administration.delete(userId)
    await room.sessions.writer.end(req, res, 'account-deleted')
    await room.sessions.index.end({ userId }, 'account-deleted')
    room.lastProvider.clear(res)
    room.log.info('account.deleted', { user: userId })
    const signal = AbortSignal.timeout(unlinkMs)
    await Promise.all(identities.map((identity) => unlink(room, { open, identity, signal })))
    res.status(204).end()
  }
}

async function unlink(
  room: LoginRoom,
  { open, identity, signal }: { open: OpenMember; identity: LinkedIdentity; signal: AbortSignal },
): Promise<void> {
  const { provider: id, subject } = identity
  const account = room.providers.all.get(id)?.account
  const own = open.session.identity
  const held = own.provider === id && own.subject === subject ? open.session.grant : undefined
  try {
    const grant = held && account ? await liveGrant(room, { grant: held, account, signal }) : undefined
    if (!(await account?.unlink({ subject }, grant, signal)))
      room.log.warn('unlink.not-possible', { provider: id })
  } catch (cause) {
    room.log.warn('unlink.failed', { provider: id, cause })
  }
}

/** The grant with an access token that has not expired, where it can be had. */
async function liveGrant(
  room: LoginRoom,
  {
    grant,
    account,
    signal,
  }: {
    grant: Grant
    account: { refresh(grant: Grant, signal: AbortSignal): Promise<Grant | undefined> }
    signal: AbortSignal
  },
): Promise<Grant> {
  if (grant.expiresAt === undefined || grant.expiresAt > room.clock() + 30_000) return grant
  return (await account.refresh(grant, signal)) ?? grant
}
