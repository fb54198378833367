import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
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
  return spawned(args, directory)
}

function spawned(args: readonly string[], cwd: string, program = process.execPath): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(program, args, { cwd, env: { PATH: process.env['PATH'] } }, (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
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

describe('a .env that cannot be read', () => {
  const one = join(mkdtempSync(join(tmpdir(), 'coatcheck-env-')), '.env')
  beforeAll(() => mkdirSync(one))
  afterAll(() => rmSync(join(one, '..'), { recursive: true, force: true }))
  const started = (...args: string[]) => spawned(args, join(one, '..'))

  it.each([
    ['check', () => started(bin, 'check')],
    ['the server', () => started(main)],
  ])('stops %s with one line', async (_, start) => {
    expect(await start()).toEqual({
      code: 1,
      stdout: '',
      stderr: `${one}: cannot be read (EISDIR): it is a folder; make it a file of NAME=value lines that this user can read, or take it away\n`,
    })
  })

  it.each(['keygen', '--help', '--version', 'check --help'])('is nothing to %s', async (words) => {
    expect(await started(bin, ...words.split(' '))).toMatchObject({ code: 0, stderr: '' })
  })
})

it('a reader that has read enough ends the command without a stack', async () => {
  const { stdout, stderr } = await spawned(
    ['-c', `${process.execPath} ${bin} --help | true; echo done`],
    tmpdir(),
    'sh',
  )
  expect([stdout, stderr]).toEqual(['done\n', ''])
})

it('a result that cannot be written is said', async () => {
  const { stderr } = await spawned(['-c', `${process.execPath} ${bin} keygen > /dev/full`], tmpdir(), 'sh')
  expect(stderr).toBe('coatcheck: the result cannot be written (ENOSPC)\n')
})

describe('the server', () => {
  it('says in one line that DATA_DIR cannot be written to', async () => {
    const file = join(directory, 'a-file')
    writeFileSync(file, '')
    const { code, stdout, stderr } = await run(
      [main],
      `PROVIDERS=google\nGOOGLE_CLIENT_ID=x\nGOOGLE_CLIENT_SECRET=x\nDATA_DIR=${file}\n`,
    )
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toBe(
      `DATA_DIR: names ${file}, which this user cannot write to (EEXIST): it is a file; for example DATA_DIR=/var/lib/coatcheck\n`,
    )
  })

  it('prints the same lines and exits 1 without listening', async () => {
    const checked = await run([bin, 'check'], wrong)
    const started = await run([main], wrong)
    expect(started.code).toBe(1)
    expect(started.stderr).toBe(checked.stderr)
  })
})
