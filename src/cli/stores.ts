import type { Clock } from '../clock.ts'
import type { Config } from '../config/config.ts'
import { examine } from '../examination.ts'
import type { Log } from '../ops/log.ts'
import { createSessions } from '../session/create-sessions.ts'
import type { Sessions } from '../session/sessions.ts'
import { sessionSecrets, sessionSettings } from '../session-settings.ts'
import { createUsers } from '../users/create-users.ts'
import type { Users } from '../users/directory.ts'
import type { Terminal } from './command.ts'

/** The rooms report to the terminal by throwing; their events are for a server's log. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} }

/** The checked configuration. @throws Error with its problems, a line each */
export async function configOf({ env }: Terminal): Promise<Config> {
  const examined = await examine(env)
  if ('problems' in examined) throw new Error(`the configuration is wrong\n${examined.problems.join('\n')}`)
  return examined.config
}

/** Uses the user directory and closes it. */
export async function withUsers<T>(
  { database }: Pick<Config, 'database'>,
  clock: Clock,
  work: (users: Users) => Promise<T>,
): Promise<T> {
  const users = await createUsers({ database, clock, log: silentLog })
  try {
    return await work(users)
  } finally {
    await users.close()
  }
}

/** Uses the session room and closes it; undefined without Redis, where sessions are another process's memory. */
export async function withSessions<T>(
  config: Config,
  clock: Clock,
  work: (sessions: Sessions) => Promise<T>,
): Promise<T | undefined> {
  if (!config.redis) return undefined
  const sessions = await createSessions({
    ...sessionSettings(config, sessionSecrets(config)),
    clock,
    log: silentLog,
  })
  try {
    return await work(sessions)
  } finally {
    await sessions.close()
  }
}
