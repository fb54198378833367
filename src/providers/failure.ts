import {
  AuthorizationResponseError,
  ClientError,
  ResponseBodyError,
  WWWAuthenticateChallengeError,
} from 'openid-client'
import { isJsonObject, objectOrEmpty } from './exact-json.ts'
import { ProviderError, type ProviderFailure } from './provider.ts'

/** Which step failed: one error code can mean different things at different addresses. */
export type Step = 'authorization' | 'token' | 'refresh' | 'profile' | 'revocation'

/** RFC 6749 §4.1.2.1, OIDC Core §3.1.2.6, and what Apple says instead of `access_denied`. */
const callbackErrors: Readonly<Record<string, ProviderFailure>> = {
  access_denied: 'denied',
  user_cancelled_authorize: 'denied',
  consent_required: 'denied',
  interaction_required: 'denied',
  login_required: 'denied',
  account_selection_required: 'denied',
  invalid_client: 'misconfigured',
  invalid_request: 'misconfigured',
  invalid_scope: 'misconfigured',
  redirect_uri_mismatch: 'misconfigured',
  request_not_supported: 'misconfigured',
  unauthorized_client: 'misconfigured',
  unsupported_response_type: 'misconfigured',
  server_error: 'unavailable',
  temporarily_unavailable: 'unavailable',
}

/** RFC 6749 §5.2, RFC 7009 §2.2.1. */
const endpointErrors: Readonly<Record<string, ProviderFailure>> = {
  invalid_grant: 'code-rejected',
  invalid_client: 'misconfigured',
  invalid_scope: 'misconfigured',
  redirect_uri_mismatch: 'misconfigured',
  unauthorized_client: 'misconfigured',
  unsupported_grant_type: 'misconfigured',
  unsupported_token_type: 'misconfigured',
  slow_down: 'rate-limited',
  server_error: 'unavailable',
  temporarily_unavailable: 'unavailable',
}

/** openid-client's codes for an answer that is not the protocol. */
const notTheProtocol = new Set([
  'OAUTH_TIMEOUT',
  'OAUTH_ABORT',
  'OAUTH_PARSE_ERROR',
  'OAUTH_RESPONSE_IS_NOT_JSON',
  'OAUTH_RESPONSE_IS_NOT_CONFORM',
  'OAUTH_HTTP_REQUEST_FORBIDDEN',
  'OAUTH_MISSING_SERVER_METADATA',
])

/**
 * What openid-client, the network or a provider's answer came to, as one of our classes. The provider's own words go
 * nowhere but into `cause`. `errorCodes` are the provider's own, and win.
 */
export function toProviderError(
  error: unknown,
  step: Step,
  errorCodes: Readonly<Record<string, ProviderFailure>> = {},
): ProviderError {
  const ours = find(error, (one) => one instanceof ProviderError)
  if (ours) return ours
  if (error instanceof AuthorizationResponseError)
    return failed(callbackErrors[error.error] ?? 'code-rejected', error.error, error)
  if (error instanceof ResponseBodyError) return fromBody(error, step, errorCodes)
  // Its body was lost with the challenge; RFC 6749 §5.2 answers 401 to a client that it does not know.
  if (error instanceof WWWAuthenticateChallengeError)
    return failed(step === 'profile' ? 'profile-unusable' : 'misconfigured', `http-${error.status}`, error)
  if (error instanceof ClientError) {
    const absent = notTheProtocol.has(error.code ?? '') || (step !== 'profile' && isShapeless(error))
    return failed(absent ? 'unavailable' : unfit(step), error.code, error)
  }
  return failed('unavailable', undefined, error)
}

function fromBody(error: ResponseBodyError, step: Step, own: Readonly<Record<string, ProviderFailure>>) {
  const specific = objectOrEmpty(error.cause)['error_code']
  const code = typeof specific === 'string' ? specific : error.error
  const failure =
    own[code] ?? own[error.error] ?? endpointErrors[error.error] ?? unknownCode(step, error.status)
  return failed(failure, code, error)
}

/** At the token endpoint a request that is refused for no standard reason carried a code that did not please. */
function unknownCode(step: Step, status: number): ProviderFailure {
  if (status === 401) return step === 'profile' ? 'profile-unusable' : 'misconfigured'
  if (step === 'profile') return 'profile-unusable'
  return step === 'token' ? 'code-rejected' : 'misconfigured'
}

/** An answer in the protocol's form whose content does not hold. A refresh must not end a session for that. */
function unfit(step: Step): ProviderFailure {
  if (step === 'profile') return 'profile-unusable'
  return step === 'refresh' || step === 'revocation' ? 'unavailable' : 'stale-or-forged'
}

/** A token answer without what makes it one (RFC 6749 §5.1). A missing ID token is another matter: that is a forgery's sign. */
function isShapeless(error: ClientError): boolean {
  const cause = error.cause instanceof Error ? error.cause.cause : undefined
  if (!isJsonObject(cause) || !('body' in cause)) return false
  const body = objectOrEmpty(cause['body'])
  return typeof body['access_token'] !== 'string' || typeof body['token_type'] !== 'string'
}

function failed(failure: ProviderFailure, code: string | undefined, cause: unknown): ProviderError {
  const providerCode = code && safeCode(code)
  return new ProviderError(failure, { cause: withoutContent(cause), ...(providerCode && { providerCode }) })
}

/**
 * The library's error by name and message alone. What hangs on it (bodies, parameters, a parser's excerpt of what it read)
 * holds codes, tokens and the provider's own words, and a cause ends up in a log.
 */
export function withoutContent(error: unknown): Error {
  return new Error(error instanceof Error ? `${error.name}: ${error.message}` : 'unknown')
}

/** Letters that can break neither a log line nor a metric. */
export function safeCode(code: string): string {
  return code.replace(/[^\w.-]/g, '_').slice(0, 40)
}

function find<T extends Error>(error: unknown, is: (one: unknown) => one is T): T | undefined {
  for (let one = error, depth = 0; one instanceof Error && depth < 8; one = one.cause, depth++)
    if (is(one)) return one
  return undefined
}
