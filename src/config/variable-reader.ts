import { resolve } from 'node:path'
import type { z } from 'zod'
import { type FileReader, fileProblem } from './file-reader.ts'
import { type DefaultedName, namesFile, type VariableName, variable } from './variables.ts'

/** What a start is given to read: the environment's variables. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Reads variables one by one and gathers every problem, so that a person sees all of them at once. */
export interface VariableReader {
  /** The value in its grammar, or the default's; undefined: not set, or wrong and noted as a problem. */
  read<T>(name: DefaultedName, schema: z.ZodType<T, string>): T
  read<T>(name: VariableName, schema: z.ZodType<T, string>): T | undefined
  /** Set in the environment, or by a file that NAME_FILE names. */
  isSet(name: VariableName): boolean
  /** None of these has a problem so far: a rule about all of them together can be judged. */
  sound(...names: readonly VariableName[]): boolean
  /** Notes what is wrong, as the rest of a sentence that begins with the variable. Never put a value in it. */
  problem(name: VariableName, what: string): void
  readonly problems: readonly string[]
}

/** An empty variable counts as not set: that is how compose files and shells switch one off. */
export function createVariableReader(env: Environment, files: FileReader): VariableReader {
  const problems: string[] = []
  const unsound = new Set<string>()
  /** Whose files were read: the values, undefined where there was a problem. */
  const fromFiles = new Map<string, string | undefined>()

  function problem(name: string, what: string, blamed = name, instead = blamed) {
    unsound.add(name)
    const line = `${blamed}: ${what}; for example ${instead}=${exampleOf(instead)}`
    // A variable may be read twice.
    if (!problems.includes(line)) problems.push(line)
  }
  /** The value of NAME, or of the file that NAME_FILE names. */
  function written(name: string): string | undefined {
    const path = fileVariables.get(name)
    if (path === undefined) return env[name] || undefined
    if (!fromFiles.has(name)) fromFiles.set(name, readFile(name, path))
    return fromFiles.get(name)
  }
  function readFile(name: string, path: string): string | undefined {
    const blamed = `${name}_FILE`
    const refuse = (what: string, instead = blamed) => problem(name, what, blamed, instead)
    if (namesFile(name)) {
      refuse(`is not a variable: ${name} names a file already`, name)
      return undefined
    }
    if (env[name]) {
      refuse(`must not be set beside ${name}: one of them says the value`)
      return undefined
    }
    try {
      const value = files.read(path).replace(/\r?\n$/, '')
      if (value !== '') return value
      refuse(`names ${resolve(path)}, which is empty`)
    } catch (cause) {
      refuse(fileProblem(path, cause))
    }
    return undefined
  }
  function read<T>(name: VariableName, schema: z.ZodType<T, string>): T | undefined {
    const fallback = variable(name)?.default
    const own = written(name)
    const value = own ?? fallback
    if (value === undefined) return undefined
    if (own !== undefined && !fileVariables.has(name) && /^(["']).*\1$/s.test(own) && own.length > 1)
      problem(name, 'has quotes around it, which `docker run --env-file` keeps: leave them off')
    else {
      const result = schema.safeParse(value)
      if (result.success) return result.data
      for (const message of new Set(result.error.issues.map((issue) => issue.message))) problem(name, message)
    }
    return fallback === undefined ? undefined : schema.parse(fallback)
  }

  const fileVariables = new Map(
    Object.keys(env)
      .filter((name) => name.endsWith('_FILE'))
      .flatMap((name) => (env[name] ? [[name.slice(0, -'_FILE'.length), env[name]] as const] : [])),
  )
  return {
    // With a default there is always a value, which the overloads of the interface say.
    read: read as VariableReader['read'],
    // A file that cannot be read is one problem, and no second one that the variable is missing.
    isSet: (name) => Boolean(env[name]) || fileVariables.has(name),
    sound: (...names) => names.every((name) => !unsound.has(name)),
    problem,
    problems,
  }
}

/** No command, which only a shell would run, and nothing that would pass as it stands. */
const secretToPaste = '(the line that `npx coatcheck keygen --secret` prints)'

/** For NAME_FILE: where Docker and Kubernetes commonly mount it. */
function exampleOf(name: string): string {
  const own = variable(name)
  if (own) return own.example.includes('$(') ? secretToPaste : own.example
  return name.endsWith('_FILE') ? `/run/secrets/${name.slice(0, -'_FILE'.length).toLowerCase()}` : '…'
}
