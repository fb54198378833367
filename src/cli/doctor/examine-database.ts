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
    return [explain(place, error)]
  }
}

/**
 * By PostgreSQL’s error code (appendix A of its manual), and by message: PgBouncer gives all its refusals the code 08P01,
 * and pg’s own time-outs have none.
 */
const refusals: readonly (readonly [pattern: RegExp, seen: string, advice: string])[] = [
  [
    /unsupported startup parameter: statement_timeout/,
    'is a PgBouncer that refuses statement_timeout',
    'end DATABASE_URL in ?statement_timeout= or set ignore_startup_parameters = statement_timeout there',
  ],
  [/^3D000|no such database/, 'has no such database', 'create it: CREATE DATABASE …'],
  [
    /^28|authentication failed/,
    'refuses the user or the password',
    'correct them in DATABASE_URL (percent-encode special characters)',
  ],
  [/^(42501|3F000)/, 'does not let us create tables', 'grant the user CREATE on its schema'],
  [/^25006/, 'takes no writes: it is a standby', 'lead DATABASE_URL to the primary'],
  [/^53300/, 'has no connection left', 'raise max_connections, or put a pooler in between'],
  [/^57P03/, 'is starting up or shutting down', 'try again in a minute'],
  [
    /connection timeout|timeout expired|read timeout/i,
    'did not answer in time',
    'check firewalls on the way, and that a pooler in between has a database behind it',
  ],
]

function explain(place: string, error: unknown): Finding {
  const causes = causesOf(error)
  for (const [pattern, seen, advice] of refusals) {
    const cause = causes.find(({ code = '', message }) => pattern.test(`${code} ${message}`))
    if (cause) return failed('database', `${place} ${seen}${cause.code ? ` (${cause.code})` : ''}`, advice)
  }
  if (place.startsWith('SQLite'))
    return failed(
      'database',
      `${place} cannot be opened`,
      'check that its folder is there and writable, and that the file is a SQLite database',
    )
  const { seen, advice } = explainFailure(error)
  return failed('database', `${place}: ${seen}`, advice)
}

/** The innermost first: it has the code. */
function causesOf(error: unknown): readonly NodeJS.ErrnoException[] {
  return error instanceof Error ? [...causesOf(error.cause), error] : []
}
