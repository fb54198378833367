import type { IncomingMessage } from 'node:http'
import { Problem, type ProblemCode } from '../http/problem.ts'
import type { OpenSession } from '../session/session.ts'
import { sessionRefusal } from './gate.ts'
import type { ApiRoute, ProxyContext } from './proxy-context.ts'

/** Somebody at the gate: a request, or an upgrade. */
export interface Applicant {
  readonly context: ProxyContext
  readonly route: ApiRoute
  readonly req: IncomingMessage
  /** Known once the gate has looked. */
  open: OpenSession | undefined
  /** What goes up as a bearer token. */
  token: string | undefined
  /** Gate 1. */
  saysElsewhere(): boolean
  /** Gate 3. */
  lacksProof(): boolean
  /** The gate is open. */
  enter(): void
  fail(error: unknown): void
}

/**
 * The gate in the contract's order, then the token. Reader and tokens usually answer at once:
 * then everything happens in one go, without a promise.
 */
export function judge(applicant: Applicant): void {
  const { route, req, context } = applicant
  try {
    if (!(route.methods?.includes(req.method as string) ?? req.method !== 'TRACE'))
      throw new Problem('method-not-allowed', { headers: { Allow: allowed(route) } })
    if (applicant.saysElsewhere()) throw refused('cross-site-request', context)
    const found = route.auth === 'none' ? undefined : context.reader.read(req.headers.cookie)
    if (found !== undefined && 'then' in found) {
      found.then((open) => judgeSession(applicant, open)).catch((error) => applicant.fail(error))
    } else judgeSession(applicant, found)
  } catch (error) {
    applicant.fail(error)
  }
}

function judgeSession(applicant: Applicant, open: OpenSession | undefined): void {
  const { route, context } = applicant
  const refusal = sessionRefusal(route, open, context.clock)
  if (refusal) throw refused(refusal, context)
  if (applicant.lacksProof()) throw refused('cross-site-request', context)
  applicant.open = open
  if (open) context.reader.use(open)
  if (open?.session.state !== 'member' || !route.tokenRequest) {
    applicant.enter()
    return
  }
  const token = context.tokens.tokenFor(open, route.tokenRequest)
  if (typeof token === 'object') {
    token.then((late) => enterWith(applicant, late)).catch((error) => applicant.fail(error))
  } else enterWith(applicant, token)
}

function enterWith(applicant: Applicant, token: string | undefined): void {
  if (token === undefined) {
    // The provider's grant is dead, and the session with it: from here on this is an anonymous call.
    if (applicant.route.auth === 'required') throw refused('session-required', applicant.context)
    applicant.open = undefined
  }
  applicant.token = token
  applicant.enter()
}

/** What the gate says most often, made once: an error that is thrown all day need not collect its stack each time. */
export function refused(code: ProblemCode, { loginPath, refusals }: ProxyContext): Problem {
  const known = refusals.get(code)
  if (known) return known
  // A refusal that a new sign-in would lift says where to sign in.
  const needsLogin = code === 'session-required' || code === 'reauthentication-required'
  const problem = new Problem(code, needsLogin ? { members: { loginUrl: loginPath } } : {})
  refusals.set(code, problem)
  return problem
}

/** RFC 9110 §9.3.8: TRACE would send the token back to the client; nobody gets it. */
function allowed({ methods }: ApiRoute): string {
  return (methods ?? ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
    .filter((method) => method !== 'TRACE')
    .join(', ')
}
