import type { ErrorRequestHandler } from 'express'
import { Problem } from '../http/problem.ts'
import { redirect } from '../http/redirect.ts'
import type { LoginRoom } from './login-room.ts'
import { failurePage } from './start.ts'

/** A person who navigates is shown the login page and its message, not a problem document, while the session store is down. */
export function turnStoreOutageAway(room: LoginRoom): ErrorRequestHandler {
  return (error, req, res, next) => {
    const down = error instanceof Problem && error.code === 'session-store-unavailable'
    const provider = String(req.params['provider'] ?? req.query['provider'] ?? '')
    if (!down || !room.providers.all.has(provider)) return next(error)
    redirect(res, 303, failurePage(room, { purpose: 'login', provider, code: 'temporarily-unavailable' }))
  }
}
