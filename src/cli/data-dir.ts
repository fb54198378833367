import { randomUUID } from 'node:crypto'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { Config } from '../config/config.ts'
import { reasonOf } from '../config/file-reader.ts'

/** A line for each folder that this start has to write to and cannot; the folders are made. */
export async function dataDirProblem(config: Config): Promise<readonly string[]> {
  const { dataDir, session, serviceToken, database, public: origin } = config
  const ownKeys = origin.loopback && serviceToken.keysPath === undefined && serviceToken.secret === undefined
  const inDataDir = session.secrets === undefined || ownKeys
  const ofDatabase =
    database.kind === 'sqlite' && database.path !== ':memory:' ? dirname(database.path) : undefined
  const folders = new Map<string, string>()
  if (ofDatabase !== undefined) folders.set(resolve(ofDatabase), 'DATABASE_URL')
  if (inDataDir || folders.has(resolve(dataDir))) folders.set(resolve(dataDir), 'DATA_DIR')
  const problems = await Promise.all([...folders].map(([folder, name]) => problemWith(folder, name)))
  return problems.filter((problem) => problem !== undefined)
}

async function problemWith(folder: string, name: string): Promise<string | undefined> {
  const probe = join(folder, `.coatcheck-${randomUUID()}`)
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await writeFile(probe, '', { mode: 0o600, flag: 'wx' })
    return undefined
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const example = name === 'DATA_DIR' ? '/var/lib/coatcheck' : 'sqlite:/var/lib/coatcheck/users.sqlite'
    return `${name}: names ${folder}, which this user cannot write to${reasonOf(code, writing)}; for example ${name}=${example}`
  } finally {
    await rm(probe, { force: true }).catch(() => undefined)
  }
}

const writing: Readonly<Record<string, string>> = {
  EACCES: 'chown it to the user that coatcheck runs as',
  EEXIST: 'it is a file',
  ENOENT: 'it cannot be made there',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
}
