import { join } from 'node:path'
import type { Config } from './config/config.ts'
import { loadOrGenerateSecret } from './crypto/secret-file.ts'
import { cookieName } from './http/cookies.ts'

/** The secrets that sign and seal, newest first: the configured ones, else a developer's own in DATA_DIR. */
export function sessionSecrets({ session, dataDir }: Config): readonly string[] {
  return session.secrets ?? [loadOrGenerateSecret(join(dataDir, 'session-secret'))]
}

/** What the session room wants to know of the configuration: the same for the server and for the command line. */
export function sessionSettings(config: Config, secrets: readonly string[]) {
  const { session, signup, redis } = config
  const { secure } = config.public
  return {
    secrets,
    cookie: { name: cookieName(session.cookieName, secure), secure, sameSite: session.sameSite },
    idleTimeoutMs: session.idleTimeoutMs,
    absoluteTimeoutMs: session.absoluteTimeoutMs,
    signupTimeoutMs: signup.timeoutMs,
    limit: session.limit,
    redis,
  }
}
