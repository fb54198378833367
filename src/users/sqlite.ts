import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  SqliteDialect,
  type SqliteDialectConfig,
  SqliteDriver,
} from 'kysely'

const busyAttempts = 40
const busyPauseMs = 25

/**
 * Opens the file, which only its owner may read, and creates it if need be.
 * @throws Error that names the path, when it is none to keep a database at
 */
export function openSqlite(path: string): Dialect {
  const file = openFile(path)
  const config: SqliteDialectConfig = {
    database: {
      close: () => file.close(),
      prepare(sql) {
        const statement = file.prepare(sql)
        return {
          reader: statement.columns().length > 0,
          all: (parameters) => statement.all(...(parameters as SQLInputValue[])),
          run: (parameters) => statement.run(...(parameters as SQLInputValue[])),
          iterate: (parameters) => statement.iterate(...(parameters as SQLInputValue[])),
        }
      },
    },
  }
  return new (class extends SqliteDialect {
    override createDriver(): SqliteDriver {
      return new PatientSqliteDriver(config)
    }
  })(config)
}

function openFile(path: string): DatabaseSync {
  try {
    if (path !== ':memory:') createFile(path)
    // node:sqlite waits for locks synchronously. Only here, where nothing else runs yet.
    const file = new DatabaseSync(path, { timeout: 100 })
    try {
      file.exec('PRAGMA journal_mode = WAL')
    } catch (error) {
      if (!isBusy(error)) throw error
    }
    file.exec('PRAGMA busy_timeout = 0')
    return file
  } catch (cause) {
    throw new Error(`sqlite:${path} cannot be opened: ${(cause as Error).message}`, {
      cause,
    })
  }
}

/** Creates the file, and the folder it is in (DATA_DIR on a fresh machine), but no deeper path: that would be a slip of the pen. */
function createFile(path: string): void {
  const folder = dirname(path)
  if (!existsSync(folder)) mkdirSync(folder, { mode: 0o700 })
  closeSync(openSync(path, 'a', 0o600))
}

/** SQLite's primary result code (https://sqlite.org/rescode.html), whatever the extended one. */
export function sqliteCode(error: unknown): number | undefined {
  const { errcode } = (error ?? {}) as { readonly errcode?: unknown }
  return typeof errcode === 'number' ? errcode & 0xff : undefined
}

function isBusy(error: unknown): boolean {
  return sqliteCode(error) === 5
}

/**
 * Takes the write lock when a transaction begins, so that none of its statements finds it taken, and waits for it
 * without stopping the event loop. Once a wait was in vain, the next ones ask just once until the lock is had again.
 */
class PatientSqliteDriver extends SqliteDriver {
  #attempts = busyAttempts

  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    for (;;) {
      try {
        await connection.executeQuery(CompiledQuery.raw('begin immediate'))
        this.#attempts = busyAttempts
        return
      } catch (error) {
        if (!isBusy(error) || this.#attempts <= 1) throw error
        this.#attempts -= 1
        await sleep(busyPauseMs)
      }
    }
  }
}
