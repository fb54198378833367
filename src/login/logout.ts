import type { Request, RequestHandler, Response } from 'express'
import { redirect } from '../http/redirect.ts'
import type { OpenSession } from '../session/session.ts'
import type { LoginRoom } from './login-room.ts'
import { requireProof } from './member.ts'
import { providerLogoutPath } from './provider-logout.ts'

/** How long a provider may take to revoke; nobody waits for it. */
const revocationMs = 5_000

/** `POST /auth/logout`: ends the session, or all of the user's, and says where to go: home, or the provider's own logout. */
export function logOut(room: LoginRoom): RequestHandler {
  return async (req, res) => {
    requireProof(req)
    const wants = wishes(req)
    const open = room.sessions.writer.current(req)
    if (open && wants.everywhere) await endOthers(room, open)
    await room.sessions.writer.end(req, res, 'signed-out')
    if (open) revokeGrant(room, open)
    room.log.info('logout', { provider: open?.session.identity.provider, everywhere: wants.everywhere })
    const redirectTo = (wants.provider && open && (await providerLogout(room, res, open))) || room.pages.home
    if (wants.form) redirect(res, 303, redirectTo)
    else res.json({ redirectTo })
  }
}

async function endOthers(room: LoginRoom, { handle, session }: OpenSession): Promise<void> {
  if (session.state !== 'member') return
  await room.sessions.index.end({ userId: session.user.id, except: handle }, 'ended-elsewhere')
}

function revokeGrant(room: LoginRoom, { session: { identity, grant } }: OpenSession): void {
  if (!grant) return
  room.providers.all
    .get(identity.provider)
    ?.account.revoke(grant, AbortSignal.timeout(revocationMs))
    .catch((cause: unknown) => room.log.warn('revocation.failed', { provider: identity.provider, cause }))
}

async function providerLogout(
  room: LoginRoom,
  res: Response,
  { session: { identity, idToken } }: OpenSession,
): Promise<string | undefined> {
  const account = room.providers.all.get(identity.provider)?.account
  const home = new URL(room.publicOrigin + room.pages.home)
  const form = idToken === undefined ? undefined : account?.logoutForm(home, idToken)
  if (!form) return account?.logoutUrl(home, identity)?.href
  try {
    await room.providerLogouts.add(res, form)
    return providerLogoutPath
  } catch (cause) {
    // The session has ended here; the provider can be asked without the hint.
    room.log.warn('logout.hint-not-kept', { provider: identity.provider, cause })
    return account?.logoutUrl(home, identity)?.href
  }
}

function wishes(req: Request): { everywhere: boolean; provider: boolean; form: boolean } {
  const body: unknown = req.body
  const fields = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {}
  const form = Boolean(req.is('application/x-www-form-urlencoded'))
  const wanted = (value: unknown) =>
    value === true || (form && (value === 'true' || value === 'on' || value === '1'))
  return { everywhere: wanted(fields['everywhere']), provider: wanted(fields['provider']), form }
}
