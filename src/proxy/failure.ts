import { Problem } from '../http/problem.ts'
import type { ApiRoute, ProxyContext } from './proxy-context.ts'

/** Whose call failed. */
export interface Failed {
  readonly context: ProxyContext
  readonly route: ApiRoute
  readonly id: string
}

/** What to answer for an error. Anything but a Problem is our own fault; what the client can do nothing about is logged. */
export function failureOf({ context: { log }, route, id }: Failed, error: unknown): Problem {
  const problem = error instanceof Problem ? error : new Problem('internal-error', { cause: error })
  const { status, code, cause } = problem
  if (status >= 500) {
    const say = code === 'internal-error' ? log.error : log.warn
    say('proxy.failed', { code, route: route.path, requestId: id, cause })
  }
  return problem
}
