import type { Request, RequestHandler } from 'express'
import { Problem } from '../http/problem.ts'
import { caller, isMember } from './caller.ts'
import { languageOf, refuseFields } from './refusal.ts'
import type { SignupRoom } from './signup-room.ts'

/** Tells people while they type whether a unique value is still free. It promises nothing: only sign-up decides. */
export function checkAvailability(room: SignupRoom): RequestHandler {
  return async (req, res) => {
    const open = caller(room, req)
    const [property, value] = onlyParameter(req)
    if (!room.schema.unique.has(property)) throw new Problem('invalid-request')
    const judged = room.schema.judgeProperty(property, value, languageOf(req))
    if ('errors' in judged) throw refuseFields(req, judged.errors)
    const userId = isMember(open) ? open.session.user.id : undefined
    const [unique] = judged.unique
    const available = unique !== undefined && (await room.directory.available(unique, userId))
    res.set('Cache-Control', 'no-store').json({ available })
  }
}

/** The query's one parameter. @throws Problem `invalid-request` */
function onlyParameter(req: Request): readonly [name: string, value: string] {
  const query = req.url.indexOf('?')
  const parameters = [...new URLSearchParams(query < 0 ? '' : req.url.slice(query + 1))]
  const [first] = parameters
  if (!first || parameters.length > 1) throw new Problem('invalid-request')
  return first
}
