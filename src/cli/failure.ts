import { Problem } from '../http/problem.ts'
import { DirectoryUnavailable, IdentityTaken } from '../users/directory.ts'

/** Why a command failed, in words for whoever typed it. */
export function explain(error: unknown): string {
  if (error instanceof Problem && error.code === 'session-store-unavailable')
    return 'Redis does not answer; `coatcheck doctor` says why'
  if (error instanceof DirectoryUnavailable)
    return 'the user database does not answer; `coatcheck doctor` says why'
  if (error instanceof IdentityTaken)
    return 'a user has this identity already; `coatcheck users list` shows whom'
  return error instanceof Error ? error.message : String(error)
}
