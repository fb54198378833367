import type { RequestHandler } from 'express'
import { isSpeculative } from '../http/fetch-metadata.ts'
import { Problem } from '../http/problem.ts'

/**
 * In front of every address that a person navigates to and that starts or redeems something.
 * A speculative load gets 503, after which the real click makes a request of its own (after a 204 it would do nothing).
 */
export const requireNavigation: RequestHandler = (req, res, next) => {
  if (req.method !== 'GET') throw new Problem('method-not-allowed', { headers: { Allow: 'GET' } })
  if (isSpeculative(req.headers)) {
    res.status(503).set('Cache-Control', 'no-store').end()
    return
  }
  next()
}

/** The answer for a method that an address does not take. */
export function refuseOtherMethods(allow: string): RequestHandler {
  return () => {
    throw new Problem('method-not-allowed', { headers: { Allow: allow } })
  }
}
