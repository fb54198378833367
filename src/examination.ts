import { statSync } from 'node:fs'
import { platform } from 'node:os'
import { resolve } from 'node:path'
import { KeyFileError, loadKeys } from './api-token/key-file.ts'
import type { Config } from './config/config.ts'
import { readConfig } from './config/read-config.ts'
import { readText } from './config/text-file.ts'
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
  const read = readConfig(env, { read: readText, mode: modeOf })
  const found = 'problems' in read ? read.problems : []
  /** What a variable names is judged by its room unless the configuration has refused it already. */
  const named = (variable: string) =>
    found.some((problem) => problem.startsWith(`${variable}:`)) ? undefined : env[variable] || undefined
  const signup = judgeSignupSchema(named('SIGNUP_SCHEMA'))
  const ofSchema = 'warnings' in signup ? signup.warnings : []
  const warnings = [...read.warnings, ...ofSchema.map((warning) => `SIGNUP_SCHEMA: ${warning}`)]
  const problems = [
    ...found,
    ...('problems' in signup ? signup.problems.map((problem) => `SIGNUP_SCHEMA: ${problem}`) : []),
    ...(await judgeKeys(named('SERVICE_TOKEN_KEYS'))).map((problem) => `SERVICE_TOKEN_KEYS: ${problem}`),
  ]
  if (problems.length > 0 || 'problems' in read || 'problems' in signup) return { problems, warnings }
  return { config: read.config, signupSchema: signup.schema, warnings }
}

/** Windows has no such bits: there they say nothing. */
function modeOf(path: string): number | undefined {
  if (platform() === 'win32') return undefined
  return statSync(path, { throwIfNoEntry: false })?.mode
}

function judgeSignupSchema(path: string | undefined): ReturnType<typeof compileSignupSchema> {
  return path === undefined
    ? { schema: builtInSignupSchema, warnings: [] }
    : compileSignupSchema(JSON.parse(readText(path)), resolve(path))
}

async function judgeKeys(path: string | undefined): Promise<readonly string[]> {
  if (path === undefined) return []
  return loadKeys(path).then(
    () => [],
    (error: unknown) => {
      if (error instanceof KeyFileError) return error.problems
      throw error
    },
  )
}
