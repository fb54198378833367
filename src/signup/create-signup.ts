import express, { type ErrorRequestHandler, type RequestHandler, type Router } from 'express'
import { Problem } from '../http/problem.ts'
import { DirectoryUnavailable, NameTaken } from '../users/directory.ts'
import { checkAvailability } from './availability.ts'
import { changeProfile } from './change-profile.ts'
import { readJsonBody } from './json-body.ts'
import { signUp } from './sign-up.ts'
import type { SignupRoom } from './signup-room.ts'
import { pointerOf } from './signup-schema.ts'

/**
 * `POST /signup`, `GET /signup/availability` and `PATCH /user`, to be mounted at `/auth` behind `sessions.writer.load`
 * and the gate's first question. Errors leave as Problem.
 */
export function createSignup(room: SignupRoom): Router {
  const router = express.Router({ caseSensitive: true, strict: true })
  // Who may not do it is told so before the body is read.
  router
    .route('/signup')
    .post(signUp.admit(room), readJsonBody, signUp.handle(room))
    .all(refuseMethod('POST'))
  router.route('/signup/availability').get(checkAvailability(room)).all(refuseMethod('GET, HEAD'))
  router
    .route('/user')
    .patch(changeProfile.admit(room), readJsonBody, changeProfile.handle(room))
    .all(refuseMethod('PATCH'))
  router.use(translateErrors)
  return router
}

function refuseMethod(allow: string): RequestHandler {
  return () => {
    throw new Problem('method-not-allowed', { headers: { Allow: allow } })
  }
}

/** What the directory says, in the public interface's words. */
const translateErrors: ErrorRequestHandler = (error, _req, _res, next) => {
  if (error instanceof NameTaken)
    return next(new Problem('name-taken', { members: { pointer: pointerOf(error.property) }, cause: error }))
  if (error instanceof DirectoryUnavailable)
    return next(new Problem('user-directory-unavailable', { cause: error }))
  next(error)
}
