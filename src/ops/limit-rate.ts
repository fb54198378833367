import type { Request, RequestHandler } from 'express'
import { Problem } from '../http/problem.ts'
import type { RateLimiter } from './rate-limiter.ts'

/** Middleware: 429 with Retry-After for a client that asks too often. `limited` is told of each. */
export function limitRate(
  limiter: RateLimiter,
  clientAddress: (req: Request) => string,
  limited: () => void = () => {},
): RequestHandler {
  return async function limitRate(req, _res, next) {
    const { allowed, retryAfterSeconds } = await limiter.check(clientAddress(req))
    if (allowed) return next()
    limited()
    throw new Problem('rate-limited', { headers: { 'Retry-After': String(retryAfterSeconds) } })
  }
}
