import type { Request } from 'express'
import { provesNothing } from '../http/fetch-metadata.ts'
import { Problem } from '../http/problem.ts'
import type { MemberSession, OpenSession } from '../session/session.ts'
import type { LoginRoom } from './login-room.ts'

/** How old a sign-in may be for linking, unlinking and deleting the account (ASVS V7.5.1). */
const freshMs = 10 * 60_000

export type OpenMember = OpenSession & { readonly session: MemberSession }

/** The caller as a member. @throws Problem `session-required`, `sign-up-required` */
export function requireMember(room: LoginRoom, req: Request): OpenMember {
  const open = room.sessions.writer.current(req)
  if (!open) throw new Problem('session-required', { members: { loginUrl: room.pages.login } })
  if (!isMember(open)) throw new Problem('sign-up-required')
  return open
}

function isMember(open: OpenSession): open is OpenMember {
  return open.session.state === 'member'
}

/** The request shows that it comes from our own pages, if only by a header. @throws Problem `cross-site-request` */
export function requireProof(req: Request): void {
  if (provesNothing(req.headers)) throw new Problem('cross-site-request')
}

/** @throws Problem `reauthentication-required`, with where to do that */
export function requireFreshSignIn(room: LoginRoom, { session }: OpenMember): void {
  if (room.clock() - session.authenticatedAt <= freshMs) return
  const loginUrl = reauthenticationUrl(room.providers, session.identity.provider)
  throw new Problem('reauthentication-required', { members: { loginUrl } })
}

/** Where a member signs in again: at the provider they came from, asked to prove it where it can be asked. */
export function reauthenticationUrl(providers: LoginRoom['providers'], id: string): string {
  const intent = providers.all.get(id)?.intents.has('reauthenticate') ? '?intent=reauthenticate' : ''
  return `/auth/login/${id}${intent}`
}
