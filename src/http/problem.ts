import type { ServerResponse } from 'node:http'

/** Every error code of coatcheck's public interface, with its status and title (RFC 9457). */
const problems = {
  'session-required': [401, 'Sign in first.'],
  'reauthentication-required': [401, 'Sign in again: the last sign-in is too long ago for this.'],
  'sign-up-required': [403, 'Finish signing up first.'],
  'cross-site-request': [403, 'This request does not come from this site.'],
  'not-found': [404, 'There is nothing here.'],
  'method-not-allowed': [405, 'This address does not take this method.'],
  'request-timeout': [408, 'The request took too long to arrive.'],
  'invalid-request': [400, 'The request is not well formed.'],
  'name-taken': [409, 'This name is taken.'],
  'already-member': [409, 'This session belongs to a member already.'],
  'last-identity': [409, 'The last way to sign in cannot be removed.'],
  'identity-conflict': [409, 'This identity belongs to another user.'],
  'payload-too-large': [413, 'The body is too large.'],
  'misdirected-request': [421, 'This site has another address.'],
  'validation-failed': [422, 'Some fields are not valid.'],
  'rate-limited': [429, 'Too many requests.'],
  'internal-error': [500, 'Something went wrong on our side.'],
  'upstream-unreachable': [502, 'The service behind this address cannot be reached.'],
  'upstream-invalid-response': [502, 'The service behind this address did not answer properly.'],
  'session-store-unavailable': [503, 'Sessions cannot be read right now.'],
  'user-directory-unavailable': [503, 'The user directory cannot be reached right now.'],
  'token-unavailable': [503, 'A token for this call cannot be had right now.'],
  'upstream-timeout': [504, 'The service behind this address did not answer in time.'],
} as const satisfies Record<string, readonly [status: number, title: string]>

export type ProblemCode = keyof typeof problems

export interface ProblemOptions {
  /** Members beside the standard ones: `loginUrl`, `errors`, `pointer`. */
  readonly members?: Readonly<Record<string, unknown>>
  /** Response headers: `Allow`, `Retry-After` (seconds). */
  readonly headers?: Readonly<Record<string, string>>
  /** For the log, never for the client. */
  readonly cause?: unknown
}

/** An answer that is an error of the public interface. Throw it anywhere; one handler writes it. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly code: ProblemCode
  readonly status: number
  readonly members: Readonly<Record<string, unknown>>
  readonly headers: Readonly<Record<string, string>>

  constructor(code: ProblemCode, options: ProblemOptions = {}) {
    super(code, { cause: options.cause })
    this.code = code
    this.status = problems[code][0]
    this.members = options.members ?? {}
    this.headers = { ...(this.status === 503 && { 'Retry-After': '2' }), ...options.headers }
  }

  /** The body as RFC 9457 §3 has it. */
  body(requestId: string): string {
    const { code, status } = this
    return JSON.stringify({
      type: `urn:coatcheck:problem:${code}`,
      title: problems[code][1],
      status,
      code,
      requestId,
      ...this.members,
    })
  }
}

const sent = new WeakMap<ServerResponse, ProblemCode>()

/** The problem that a response is, for the log; undefined: it is none of ours. */
export function sentProblem(res: ServerResponse): ProblemCode | undefined {
  return sent.get(res)
}

/** Writes a problem to a response whose head has not been sent. Headers set before stay (the request id, say). */
export function sendProblem(res: ServerResponse, problem: Problem, requestId: string): void {
  sent.set(res, problem.code)
  const body = problem.body(requestId)
  res.statusCode = problem.status
  for (const [name, value] of Object.entries(problem.headers)) res.setHeader(name, value)
  res.setHeader('Content-Type', 'application/problem+json; charset=utf-8')
  res.setHeader('Cache-Control', 'no-store')
  // By it a client tells our answers from an API's own, which never carry it.
  res.setHeader('X-Coatcheck-Problem', problem.code)
  res.setHeader('Content-Length', Buffer.byteLength(body))
  res.end(res.req.method === 'HEAD' ? undefined : body)
}
