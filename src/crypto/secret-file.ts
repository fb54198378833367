import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { randomToken } from './random.ts'

/**
 * The secret in a file, made on first use, readable by its owner alone: for a developer's machine, where nobody configures one.
 * Two processes that start at once agree on one secret.
 */
export function loadOrGenerateSecret(path: string): string {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  try {
    writeFileSync(path, `${randomToken()}\n`, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  return readFileSync(path, 'utf8').trim()
}
