import type { Request, RequestHandler, Response } from 'express'
import { Problem } from '../http/problem.ts'
import type { OpenSession } from '../session/session.ts'
import type { User } from '../users/directory.ts'
import { type Registering, registering, requireProof } from './caller.ts'
import { jsonBody } from './json-body.ts'
import { languageOf, refuseFields } from './refusal.ts'
import type { SignupRoom } from './signup-room.ts'

/** A vouched-for stranger becomes a user. */
export const signUp = {
  /** Who may: the gate's second and third question. */
  admit:
    (room: SignupRoom): RequestHandler =>
    (req, _res, next) => {
      registering(room, req)
      if (room.closed) throw new Problem('not-found')
      requireProof(req)
      next()
    },

  handle:
    (room: SignupRoom): RequestHandler =>
    async (req, res) => {
      const open = registering(room, req)
      const judged = room.schema.judge(jsonBody(req), languageOf(req))
      if ('errors' in judged) throw refuseFields(req, judged.errors)
      const { identity, returnTo } = open.session
      const { user, created } = await room.directory.create(identity, judged.profile, judged.unique)
      // Signed up elsewhere meanwhile, and disabled since: the next login says why.
      if (user.disabled) {
        await room.sessions.writer.end(req, res, 'account-disabled')
        throw new Problem('session-required')
      }
      const member = await becomeMember(room, { req, res, open, user })
      room.log.info('signup.completed', { provider: identity.provider, userId: user.id, created })
      res.status(201).set('Cache-Control', 'no-store')
      res.json({ ...room.sessions.describe(member), returnTo })
    },
}

interface Promotion {
  readonly req: Request
  readonly res: Response
  readonly open: Registering
  readonly user: User
}

/** A new ticket for the new state (ASVS V7.2.4); the registering session is over. */
function becomeMember(room: SignupRoom, { req, res, open, user }: Promotion): Promise<OpenSession> {
  const { identity, grant, authenticatedAt, idToken } = open.session
  const member = { user: { id: user.id, profile: user.profile }, identity, authenticatedAt }
  return room.sessions.writer.begin(req, res, async (handle) => ({
    state: 'member',
    ...member,
    ...(grant && { grant }),
    ...(idToken !== undefined && { idToken }),
    tokens: await room.initialTokens(member, handle),
  }))
}
