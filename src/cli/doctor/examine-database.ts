import type { Clock } from '../../clock.ts'
import type { Config } from '../../config/config.ts'
import { withUsers } from '../stores.ts'
import { type Finding, failed, ok } from './finding.ts'
import { explainFailure } from './network-failure.ts'

/** Opens the user database as a start does, its tables brought up to date, and reads from it. */
export async function examineDatabase(config: Config, clock: Clock): Promise<readonly Finding[]> {
  const { database } = config
  const place =
    database.kind === 'sqlite' ? `SQLite at ${database.path}` : `PostgreSQL at ${new URL(database.url).host}`
  try {
    await withUsers(config, clock, (users) => users.ping())
    return [ok('database', `${place} answers, its tables are up to date`)]
  } catch (error) {
    return [explain(place, rootOf(error))]
  }
}

/** PostgreSQL’s error codes (appendix A of its manual). */
const refusals: readonly (readonly [code: RegExp, seen: string, advice: string])[] = [
  [
    /^28/,
    'refuses the user or the password',
    'correct them in DATABASE_URL (percent-encode special characters)',
  ],
  [/^3D000$/, 'has no such database', 'create it: CREATE DATABASE …'],
  [/^(42501|3F000)$/, 'does not let us create tables', 'grant the user CREATE on its schema'],
  [/^53300$/, 'has no connection left', 'raise max_connections, or put a pooler in between'],
]

function explain(place: string, error: unknown): Finding {
  const { code = '' } = error as NodeJS.ErrnoException
  for (const [pattern, seen, advice] of refusals)
    if (pattern.test(code)) return failed('database', `${place} ${seen} (${code})`, advice)
  if (place.startsWith('SQLite'))
    return failed(
      'database',
      `${place} cannot be opened`,
      'check that its folder is there and writable, and that the file is a SQLite database',
    )
  const { seen, advice } = explainFailure(error)
  return failed('database', `${place}: ${seen}`, advice)
}

function rootOf(error: unknown): unknown {
  const { cause } = error as Error
  return cause ? rootOf(cause) : error
}
