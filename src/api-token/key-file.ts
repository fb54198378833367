import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import { decodeText, NotText } from '../config/text-file.ts'
import { type PrivateKeySet, parseKeySet } from './key-set.ts'

/** A key file that cannot be used. `problems` are lines for people: they name the file and the key, never a key's value. */
export class KeyFileError extends Error {
  override readonly name = 'KeyFileError'
  readonly problems: readonly string[]
  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.problems = problems
  }
}

/** The private JWK Set (RFC 7517 §5) in a file. @throws KeyFileError */
export async function loadKeys(path: string): Promise<PrivateKeySet> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw new KeyFileError([`${resolve(path)}: cannot be read (${error.code})`])
  })
  const { keys, problems } = await parseKeySet(textOf(path, bytes))
  if (problems.length > 0) throw new KeyFileError(problems.map((problem) => `${resolve(path)}: ${problem}`))
  return keys
}

function textOf(path: string, bytes: Uint8Array): string {
  try {
    return decodeText(bytes)
  } catch (error) {
    if (error instanceof NotText) throw new KeyFileError([`${resolve(path)}: ${error.message}`])
    throw error
  }
}

/** A new ES256 key as a private JWK Set: what `coatcheck keygen` prints. */
export async function generateKeySet(): Promise<{ readonly keys: readonly JWK[] }> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  return { keys: [{ ...(await exportJWK(privateKey)), alg: 'ES256', use: 'sig', kid: randomUUID() }] }
}

/** The development keys of a DATA_DIR, made at the first start, readable by their owner alone. @throws KeyFileError */
export async function loadOrGenerateKeys(dataDir: string): Promise<PrivateKeySet> {
  const path = join(dataDir, 'service-token-keys.json')
  if (!existsSync(path)) {
    await generateInto(path).catch((error: NodeJS.ErrnoException) => {
      throw new KeyFileError([`${path}: cannot be made (${error.code})`])
    })
  }
  return loadKeys(path)
}

async function generateInto(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const made = `${path}.${randomUUID()}`
  try {
    await writeFile(made, `${JSON.stringify(await generateKeySet(), null, 2)}\n`, { mode: 0o600, flag: 'wx' })
    // A link fails where the file exists: of processes that start together one makes the keys, all read the same.
    await link(made, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
  } finally {
    await rm(made, { force: true })
  }
}
