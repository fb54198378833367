import {
  type Dialect,
  PostgresDialect,
  type PostgresPool,
  type PostgresPoolClient,
  type PostgresQueryResult,
  sql,
} from 'kysely'
import pg from 'pg'

const connections = 10
const connectTimeoutMs = 2000
/** The server gives up first, so that its connection stays usable. */
const statementTimeoutMs = 2000
const queryTimeoutMs = 2500

/**
 * A bounded pool; nothing waits longer than a few seconds for a database that is slow, frozen or gone.
 * TLS by the URL's `sslmode`, `sslrootcert`, `sslcert`, `sslkey`. The URL's other parameters win over ours: behind a
 * PgBouncer that refuses `statement_timeout` at connect, `?statement_timeout=` leaves it out.
 * @throws Error when the URL or the files it names cannot be read
 */
export function openPostgres(url: string): Dialect {
  const settings: pg.PoolConfig = {
    connectionString: url,
    max: connections,
    connectionTimeoutMillis: connectTimeoutMs,
    statement_timeout: statementTimeoutMs,
    query_timeout: queryTimeoutMs,
    keepAlive: true,
    application_name: 'coatcheck',
    types: { getTypeParser },
  }
  // Reads the certificate files now: a wrong path is to be heard of at start.
  new pg.Client(settings)
  const pool = new pg.Pool(settings)
  // Node throws an error event that nobody hears. Whoever used the lost connection sees the query fail anyway.
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  return new PostgresDialect({ pool: discardBroken(pool) })
}

/** Held until the transaction ends, so that it works behind a transaction pooler too. */
export const migrationLock = sql`select pg_advisory_xact_lock(hashtext('coatcheck_migrations'))`

/** bigint as a number: times in ms are far below 2^53. */
const getTypeParser: typeof pg.types.getTypeParser = (oid: number, format?: 'text' | 'binary') =>
  oid === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(oid, format as 'text')

/**
 * After a time-out a pg client still waits for its answer, and Kysely would give it back to the pool like that.
 * A connection that failed otherwise than by the server's own word asks nothing more and is closed.
 */
function discardBroken(pool: pg.Pool): PostgresPool {
  return {
    options: pool.options,
    end: () => pool.end(),
    async connect() {
      const client = await pool.connect()
      let broken: unknown
      async function query<R>(sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>> {
        if (broken !== undefined) throw broken
        try {
          const { command, rowCount, rows } = await client.query<R & pg.QueryResultRow>(sql, [...parameters])
          return { command: command as PostgresQueryResult<R>['command'], rowCount: rowCount ?? 0, rows }
        } catch (error) {
          if (!(error instanceof pg.DatabaseError)) broken = error
          throw error
        }
      }
      return {
        query: query as PostgresPoolClient['query'],
        release: () => client.release(broken !== undefined),
      }
    },
  }
}
