import { Kysely, type Transaction } from 'kysely'
import type { Clock } from '../clock.ts'
import type { DatabaseConfig } from '../config/config.ts'
import type { Log } from '../ops/log.ts'
import { DirectoryUnavailable, IdentityTaken, LastIdentity, NameTaken } from './directory.ts'
import { type Migration, migrate } from './migrations.ts'
import { migrationLock, openPostgres } from './postgres.ts'
import { openSqlite, sqliteCode } from './sqlite.ts'
import type { Tables } from './tables.ts'

export interface StoreOptions {
  readonly database: DatabaseConfig
  readonly migrations: readonly Migration[]
  readonly clock: Clock
  readonly log: Log
  /** Told of each query or transaction: how long it took, ms, with the wait for a connection, and whether the database answered. */
  readonly observe?: (durationMs: number, ok: boolean) => void
}

/** The database with an up-to-date schema. What goes wrong in it leaves as DirectoryUnavailable. */
export interface Store {
  query<T>(work: (db: Kysely<Tables>) => Promise<T>): Promise<T>
  /** `work` may run again after a deadlock: nothing in it but queries. */
  transact<T>(work: (trx: Transaction<Tables>) => Promise<T>): Promise<T>
  close(): Promise<void>
}

const transactionAttempts = 3

/**
 * Opens the database and migrates it. One that is away is no reason not to start: the first call that finds it there migrates it.
 * @throws Error when the database is there but refuses us, or its path or URL can never work
 */
export async function openStore({
  database,
  migrations,
  clock,
  log,
  observe = () => undefined,
}: StoreOptions): Promise<Store> {
  const postgres = database.kind === 'postgres'
  const db = new Kysely<Tables>({
    dialect: postgres ? openPostgres(database.url) : openSqlite(database.path),
  })
  let ready: Promise<unknown> | undefined
  let away = false

  function migrated(): Promise<unknown> {
    ready ??= migrate(db, { migrations, lock: postgres ? migrationLock : undefined, now: clock() }).then(
      (applied) => applied.length > 0 && log.info('users.migrated', { migrations: applied }),
      (error: unknown) => {
        ready = undefined
        throw error
      },
    )
    return ready
  }

  async function query<T>(work: (db: Kysely<Tables>) => Promise<T>): Promise<T> {
    const startedAt = performance.now()
    try {
      await migrated()
      const result = await work(db)
      if (away) log.info('users.available')
      away = false
      observe(performance.now() - startedAt, true)
      return result
    } catch (error) {
      const answered = isAnswer(error)
      observe(performance.now() - startedAt, answered)
      if (answered) throw error
      if (!away) log.warn('users.unavailable', { code: codeOf(error), reason: messageOf(error) })
      away = true
      throw new DirectoryUnavailable('the user directory did not answer', { cause: error })
    }
  }

  async function transact<T>(work: (trx: Transaction<Tables>) => Promise<T>): Promise<T> {
    return query(async (db) => {
      for (let attempt = 1; ; attempt++) {
        try {
          return await db.transaction().execute(work)
        } catch (error) {
          if (attempt === transactionAttempts || !isDeadlock(error)) throw error
        }
      }
    })
  }

  await query(async () => {}).catch(async (error: DirectoryUnavailable) => {
    if (!refusesUs(error.cause)) return
    await db.destroy()
    throw new Error(`the user database refuses to work: ${messageOf(error.cause)}`, { cause: error.cause })
  })
  return { query, transact, close: () => db.destroy() }
}

/** The database answered, and this is the answer. */
function isAnswer(error: unknown): boolean {
  return error instanceof NameTaken || error instanceof IdentityTaken || error instanceof LastIdentity
}

/** serialization_failure, deadlock_detected (PostgreSQL, appendix A). */
function isDeadlock(error: unknown): boolean {
  return codeOf(error) === '40001' || codeOf(error) === '40P01'
}

/**
 * What waiting does not mend. PostgreSQL (appendix A): class 28 wrong credentials, 3D000 no such database, 42501 no
 * privilege, 3F000 no such schema. SQLite (rescode.html): 8 READONLY, 11 CORRUPT, 26 NOTADB.
 */
function refusesUs(error: unknown): boolean {
  const errcode = sqliteCode(error)
  return /^(28...|3D000|42501|3F000)$/.test(codeOf(error) ?? '') || [8, 11, 26].includes(errcode ?? 0)
}

/** SQLSTATE, or Node's own. Not every library's errors are this realm's Error. */
function codeOf(error: unknown): string | undefined {
  const { code } = (error ?? {}) as { readonly code?: unknown }
  return typeof code === 'string' ? code : undefined
}

function messageOf(error: unknown): string {
  return String((error as Partial<Error> | undefined)?.message ?? error)
}
