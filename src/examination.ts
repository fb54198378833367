import { readFileSync } from 'node:fs'
import { KeyFileError, loadKeys } from './api-token/key-file.ts'
import type { Config } from './config/config.ts'
import { readConfig } from './config/read-config.ts'
import { builtInSignupSchema } from './signup/built-in-schema.ts'
import { compileSignupSchema, type SignupSchema } from './signup/signup-schema.ts'

/** What the environment says, judged as a whole and ready to be composed. */
export interface Examined {
  readonly config: Config
  readonly signupSchema: SignupSchema
  /** What deserves a look but stops nothing. */
  readonly warnings: readonly string[]
}

/** Every problem at once, a line each: variable or file, what is wrong, an example. */
export interface Rejected {
  readonly problems: readonly string[]
  readonly warnings: readonly string[]
}

export type Environment = Readonly<Record<string, string | undefined>>

/** Reads and judges everything that `env` says and names. Starts nothing. */
export async function examine(env: Environment): Promise<Examined | Rejected> {
  const read = readConfig(env, { read: (path) => readFileSync(path, 'utf8') })
  const signup = judgeSignupSchema(env['SIGNUP_SCHEMA'])
  const keyProblems = await judgeKeys(env['SERVICE_TOKEN_KEYS'])
  const { warnings } = read
  if ('config' in read && 'schema' in signup && keyProblems.length === 0) {
    return { config: read.config, signupSchema: signup.schema, warnings }
  }
  const problems = [
    ...('problems' in read ? read.problems : []),
    ...('problems' in signup ? signup.problems : []),
    ...keyProblems,
  ]
  return { problems, warnings }
}

/** What the sign-up room says of the schema; a file that is no JSON is the configuration's to report. */
function judgeSignupSchema(path: string | undefined): ReturnType<typeof compileSignupSchema> {
  const schema = path ? readJson(path) : undefined
  return path && schema !== undefined ? compileSignupSchema(schema, path) : { schema: builtInSignupSchema }
}

async function judgeKeys(path: string | undefined): Promise<readonly string[]> {
  if (!path || readJson(path) === undefined) return []
  return loadKeys(path).then(
    () => [],
    (error: unknown) => {
      if (error instanceof KeyFileError) return error.problems
      throw error
    },
  )
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}
