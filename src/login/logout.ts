import type { Request, RequestHandler } from 'express'
import { redirect } from '../http/redirect.ts'
import type { OpenSession } from '../session/session.ts'
import type { LoginRoom } from './login-room.ts'
import { requireProof } from './member.ts'

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
    const redirectTo = (wants.provider && open && providerLogout(room, open)) || room.pages.home
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

function providerLogout(room: LoginRoom, { session }: OpenSession): string | undefined {
  const provider = room.providers.all.get(session.identity.provider)
  return provider?.account.logoutUrl(new URL(room.publicOrigin + room.pages.home), session.identity)?.href
}

function wishes(req: Request): { everywhere: boolean; provider: boolean; form: boolean } {
  const body: unknown = req.body
  const fields = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {}
  const form = Boolean(req.is('application/x-www-form-urlencoded'))
  const wanted = (value: unknown) =>
    value === true || (form && (value === 'true' || value === 'on' || value === '1'))
  return { everywhere: wanted(fields['everywhere']), provider: wanted(fields['provider']), form }
}
