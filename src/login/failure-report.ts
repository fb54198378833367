import type { LogEvent } from '../ops/log.ts'
import { ProviderError } from '../providers/provider.ts'
import type { Attempt } from './attempt.ts'
import type { LoginError, LoginErrorCode } from './login-error.ts'
import type { LoginRoom } from './login-room.ts'

export interface FailureReport {
  readonly provider: string
  readonly purpose: Attempt['purpose']
  readonly failure: LoginError
}

/**
 * Tells operators of a login that failed: by class and the provider's error code, never by its description, which can hold
 * codes and tokens (ASVS V16.2.5, V16.3.1). A provider that refuses *us* is an error: nobody can sign in until it is mended.
 */
export function reportFailure(room: LoginRoom, { provider, purpose, failure }: FailureReport): void {
  const { code, cause } = failure
  const event = levelOf(code, room.log)
  if (cause instanceof ProviderError) {
    const { failure: failureClass, providerCode } = cause
    event('login.failed', { provider, purpose, code, class: failureClass, providerCode })
    room.observe({ provider, purpose, outcome: code, failureClass })
  } else {
    event('login.failed', { provider, purpose, code, cause })
    room.observe({ provider, purpose, outcome: code })
  }
}

/** A person who says no or comes too late is no fault of anybody's. */
function levelOf(code: LoginErrorCode, { info, warn, error }: LoginRoom['log']): LogEvent {
  if (code === 'provider-misconfigured') return error
  return code === 'login-denied' || code === 'login-expired' ? info : warn
}
