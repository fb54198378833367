import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DatabaseConfig } from '../../src/config/config.ts'
import type { Log } from '../../src/ops/log.ts'
import { freshDatabase } from '../support/services.ts'

/** Where each kind of database puts a new, empty one. */
export const databases: readonly (readonly [name: string, fresh: () => Promise<DatabaseConfig>])[] = [
  ['SQLite', async () => ({ kind: 'sqlite', path: freshPath() })],
  ['PostgreSQL', async () => ({ kind: 'postgres', url: await freshDatabase() })],
]

const folder = mkdtempSync(join(tmpdir(), 'coatcheck-users-'))
let files = 0

/** A path for a new SQLite file. */
export function freshPath(): string {
  files += 1
  return join(folder, `users-${files}.db`)
}

/** Call it in afterAll. */
export function removeFiles(): void {
  rmSync(folder, { recursive: true, force: true })
}

/** A log that remembers what happened. */
export function rememberingLog(): Log & { readonly events: string[] } {
  const events: string[] = []
  const remember = (event: string) => void events.push(event)
  return { events, debug: remember, info: remember, warn: remember, error: remember }
}
