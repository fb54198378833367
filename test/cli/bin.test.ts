import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'

const bin = join(import.meta.dirname, '../../src/cli/coatcheck.ts')
const main = join(import.meta.dirname, '../../src/main.ts')
let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'coatcheck-bin-'))
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** A process of its own, in a folder with this `.env`. */
function run(args: readonly string[], dotEnv: string): Promise<Ended> {
  writeFileSync(join(directory, '.env'), dotEnv)
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      args,
      { cwd: directory, env: { PATH: process.env['PATH'] } },
      (error, stdout, stderr) => resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    )
  })
}

// Ten kinds of mistakes at once.
const wrong = `
PUBLIC_URL=https://app.example.com/app
PORT=70000
TRUST_PROXY=proxy
SESSION_SECRET=too-short-a-secret
REDIS_URL=http://redis
SESSION_IDLE_TIMEOUT=soon
DATABASE_URL=mysql://db
PROVIDERS=kakao
KAKAO_CLIENT_ID=x
API_ROUTES=[{"path":"/auth/x","target":"http://api"}]
RATE_LIMIT=few
`
const blamed = [
  'PUBLIC_URL',
  'PORT',
  'TRUST_PROXY',
  'SESSION_SECRET',
  'REDIS_URL',
  'SESSION_IDLE_TIMEOUT',
  'DATABASE_URL',
  'KAKAO_CLIENT_SECRET',
  'API_ROUTES',
  'RATE_LIMIT',
]

describe('the coatcheck program', () => {
  it('prints ten lines for ten mistakes and exits 1', async () => {
    const { code, stdout, stderr } = await run([bin, 'check'], wrong)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    const lines = stderr.trimEnd().split('\n')
    expect(lines.map((line) => line.split(':')[0]).toSorted()).toEqual(blamed.toSorted())
    expect(stderr).not.toContain('too-short-a-secret')
  })

  it('says nothing but the result on stdout, so that a file can take it', async () => {
    const { code, stdout, stderr } = await run([bin, 'keygen'], '')
    expect({ code, stderr, keys: JSON.parse(stdout).keys.length }).toEqual({ code: 0, stderr: '', keys: 1 })
  })
})

describe('the server', () => {
  it('prints the same lines and exits 1 without listening', async () => {
    const checked = await run([bin, 'check'], wrong)
    const started = await run([main], wrong)
    expect(started.code).toBe(1)
    expect(started.stderr).toBe(checked.stderr)
  })
})
