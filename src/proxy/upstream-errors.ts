import { Problem, type ProblemCode } from '../http/problem.ts'

/** What undici and the system say, in our words. Whatever is not listed was reached and did not speak HTTP properly. */
const codes: Readonly<Record<string, ProblemCode>> = {
  UND_ERR_CONNECT_TIMEOUT: 'upstream-timeout',
  UND_ERR_HEADERS_TIMEOUT: 'upstream-timeout',
  ETIMEDOUT: 'upstream-timeout',
  ECONNREFUSED: 'upstream-unreachable',
  EAI_AGAIN: 'upstream-unreachable',
  ENOTFOUND: 'upstream-unreachable',
  EHOSTUNREACH: 'upstream-unreachable',
  ENETUNREACH: 'upstream-unreachable',
  EHOSTDOWN: 'upstream-unreachable',
  ENOENT: 'upstream-unreachable',
  EMFILE: 'upstream-unreachable',
  // Ours to send, the client's fault: a header or path that no HTTP client may write.
  UND_ERR_INVALID_ARG: 'invalid-request',
  UND_ERR_NOT_SUPPORTED: 'invalid-request',
}

/** An upstream's failure as a problem; the original is its cause, for the log. */
export function upstreamProblem(error: unknown): Problem {
  if (error instanceof Problem) return error
  return new Problem(codes[codeOf(error)] ?? tlsOrProtocol(codeOf(error)), { cause: error })
}

const unanswered = new WeakSet<Error>()

/** Says of a connection's error that it came before a byte of the answer to the last request on it. */
export function markUnanswered(error: Error): void {
  unanswered.add(error)
}

/** Whether the upstream refused, closed or reset the connection before a byte of its answer. */
export function closedUnanswered(error: Error): boolean {
  // The last is a reset before the connection stood; later ones have another name (upstreams.ts).
  return unanswered.has(error) || /^(?:ECONNREFUSED|ECONNRESET)$/.test(codeOf(error))
}

/** Node names certificate faults by what OpenSSL found; they all mean that this is not the server we want. */
function tlsOrProtocol(code: string): ProblemCode {
  return /CERT|TLS|SSL/.test(code) ? 'upstream-unreachable' : 'upstream-invalid-response'
}

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return ''
  // Several addresses tried (RFC 8305): they rarely fail differently.
  if (error instanceof AggregateError) return codeOf(error.errors[0])
  return 'code' in error && typeof error.code === 'string' ? error.code : ''
}
