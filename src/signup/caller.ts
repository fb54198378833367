import type { Request } from 'express'
import { provesNothing } from '../http/fetch-metadata.ts'
import { Problem } from '../http/problem.ts'
import type { MemberSession, OpenSession, RegisteringSession } from '../session/session.ts'
import type { SignupRoom } from './signup-room.ts'

export type Registering = OpenSession & { readonly session: RegisteringSession }
export type Member = OpenSession & { readonly session: MemberSession }

/** Whoever has a session. @throws Problem `session-required` */
export function caller(room: SignupRoom, req: Request): Registering | Member {
  const open = room.sessions.writer.current(req)
  if (!open) throw new Problem('session-required')
  return open as Registering | Member
}

/** Somebody who is vouched for and no user yet. @throws Problem `session-required`, `already-member` */
export function registering(room: SignupRoom, req: Request): Registering {
  const open = caller(room, req)
  if (isMember(open)) throw new Problem('already-member')
  return open
}

/** A member. @throws Problem `session-required`, `sign-up-required` */
export function member(room: SignupRoom, req: Request): Member {
  const open = caller(room, req)
  if (!isMember(open)) throw new Problem('sign-up-required')
  return open
}

export function isMember(open: Registering | Member): open is Member {
  return open.session.state === 'member'
}

/** The gate's last question for an unsafe request (the public contract, section 5). @throws Problem `cross-site-request` */
export function requireProof(req: Request): void {
  if (provesNothing(req.headers)) throw new Problem('cross-site-request')
}
