import { mkdtempSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from '@jest/globals'
import { loadOrGenerateSecret } from '../../src/crypto/secret-file.ts'

it('makes a secret once, keeps it, and lets only its owner read it', () => {
  const path = join(mkdtempSync(join(tmpdir(), 'coatcheck-secret-')), 'new-folder', 'session-secret')
  const secret = loadOrGenerateSecret(path)
  expect(secret.length).toBeGreaterThanOrEqual(43)
  expect(loadOrGenerateSecret(path)).toBe(secret)
  expect(statSync(path).mode & 0o777).toBe(0o600)
})
