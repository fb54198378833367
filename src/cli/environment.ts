import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { reasonOf } from '../config/file-reader.ts'
import { NotText, readText } from '../config/text-file.ts'
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

/** The `.env` is there and cannot be read. The message is a line as of a wrong configuration. */
export class UnreadableDotEnv extends Error {
  override readonly name = 'UnreadableDotEnv'
}

function readDotEnv(path: string): Environment {
  try {
    return parseEnv(readText(path))
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return {}
    const { code } = cause as NodeJS.ErrnoException
    const why = cause instanceof NotText ? cause.message : `cannot be read${reasonOf(code)}`
    throw new UnreadableDotEnv(
      `${path}: ${why}; make it a file of NAME=value lines that this user can read, or take it away`,
      { cause },
    )
  }
}
