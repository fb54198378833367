import type { RequestHandler } from 'express'
import { Problem } from '../http/problem.ts'
import type { Profile } from '../users/directory.ts'
import { member, requireProof } from './caller.ts'
import { jsonBody } from './json-body.ts'
import { languageOf, refuseFields } from './refusal.ts'
import type { SignupRoom } from './signup-room.ts'

/** A member changes what they said at sign-up; the API hears of it by a new token. */
export const changeProfile = {
  /** Who may: the gate's second and third question. */
  admit:
    (room: SignupRoom): RequestHandler =>
    (req, _res, next) => {
      member(room, req)
      requireProof(req)
      next()
    },

  handle:
    (room: SignupRoom): RequestHandler =>
    async (req, res) => {
      const open = member(room, req)
      const { id } = open.session.user
      // Another session of theirs may have changed another property: the directory knows the newest.
      const user = await room.directory.find(id)
      if (!user || user.disabled) throw new Problem('session-required')
      const whole = merge(known(user.profile, room.schema.properties), jsonBody(req))
      const judged = room.schema.judge(whole, languageOf(req))
      if ('errors' in judged) throw refuseFields(req, judged.errors)
      const updated = await room.directory.update(id, judged.profile, judged.unique)
      if (!updated) throw new Problem('session-required')
      const changed = { ...open.session, user: { id, profile: updated.profile } }
      const tokens = await room.initialTokens(changed, open.handle)
      const renewed = await room.sessions.tickets.update(open, (session) =>
        session.state === 'member' ? { ...session, user: changed.user, tokens } : undefined,
      )
      if (!renewed) throw new Problem('session-required')
      room.log.info('profile.changed', { userId: id })
      res.status(200).set('Cache-Control', 'no-store').json(room.sessions.describe(renewed))
    },
}

/** What the schema still knows of a profile: nobody can mend a property that the schema no longer has. */
function known(profile: Profile, properties: readonly string[]): Profile {
  return Object.fromEntries(Object.entries(profile).filter(([name]) => properties.includes(name)))
}

/** RFC 7396 on the top level: null takes a property away. Own properties all the way: `__proto__` stays one, and is refused. */
function merge(profile: Profile, changes: Profile): Profile {
  const merged = new Map([...Object.entries(profile), ...Object.entries(changes)])
  return Object.fromEntries([...merged].filter(([, value]) => value !== null))
}
