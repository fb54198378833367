import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import type { Environment } from '../config/variable-reader.ts'

interface EnvironmentOptions {
  readonly directory?: string
  readonly variables?: Environment
}

/** The process's environment over the `.env` of its working directory: a variable that is set, even to nothing, is never overridden. */
export function readEnvironment({
  directory = process.cwd(),
  variables = process.env,
}: EnvironmentOptions = {}): Environment {
  return { ...readDotEnv(join(directory, '.env')), ...variables }
}

function readDotEnv(path: string): Environment {
  try {
    // Some editors put a byte order mark in front, which would become part of the first name.
    return parseEnv(readFileSync(path, 'utf8').replace(/^\uFEFF/, ''))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return {}
    throw new Error(`${path} cannot be read (${code})`, { cause: error })
  }
}
