import { Problem } from '../http/problem.ts'
import { ProviderError, type ProviderFailure } from '../providers/provider.ts'
import { DirectoryUnavailable } from '../users/directory.ts'

/** How a login can fail, as the login page is told in `?error=`. */
export type LoginErrorCode =
  | 'login-denied'
  | 'login-expired'
  | 'login-failed'
  | 'provider-misconfigured'
  | 'provider-unavailable'
  | 'sign-up-closed'
  | 'account-disabled'
  | 'identity-conflict'
  | 'temporarily-unavailable'

/** A login that ends on the login page (a link: on its `returnTo`). */
export class LoginError extends Error {
  override readonly name = 'LoginError'
  readonly code: LoginErrorCode
  constructor(code: LoginErrorCode, options?: ErrorOptions) {
    super(code, options)
    this.code = code
  }
}

const byFailure: Readonly<Record<ProviderFailure, LoginErrorCode>> = {
  denied: 'login-denied',
  'stale-or-forged': 'login-failed',
  'code-rejected': 'login-failed',
  'profile-unusable': 'login-failed',
  misconfigured: 'provider-misconfigured',
  'rate-limited': 'provider-unavailable',
  unavailable: 'provider-unavailable',
}

/** What went wrong, as a login error; undefined for a fault of ours, which nobody expected. */
export function toLoginError(error: unknown): LoginError | undefined {
  if (error instanceof LoginError) return error
  if (error instanceof ProviderError) return new LoginError(byFailure[error.failure], { cause: error })
  if (error instanceof DirectoryUnavailable)
    return new LoginError('temporarily-unavailable', { cause: error })
  if (!(error instanceof Problem)) return undefined
  if (error.code === 'session-store-unavailable')
    return new LoginError('temporarily-unavailable', { cause: error })
  // Signed out while the provider was asked: the session that began it is gone.
  if (error.code === 'session-required') return new LoginError('login-expired', { cause: error })
  return undefined
}
