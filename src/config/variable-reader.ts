import type { z } from 'zod'
import { type DefaultedName, type VariableName, variable } from './variables.ts'

/** What a start is given to read: the environment's variables. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Reads variables one by one and gathers every problem, so that a person sees all of them at once. */
export interface VariableReader {
  /** The value in its grammar, or the default's; undefined: not set, or wrong and noted as a problem. */
  read<T>(name: DefaultedName, schema: z.ZodType<T, string>): T
  read<T>(name: VariableName, schema: z.ZodType<T, string>): T | undefined
  isSet(name: VariableName): boolean
  /** None of these has a problem so far: a rule about all of them together can be judged. */
  sound(...names: readonly VariableName[]): boolean
  /** Notes what is wrong, as the rest of a sentence that begins with the variable. Never put a value in it. */
  problem(name: VariableName, what: string): void
  readonly problems: readonly string[]
}

/** An empty variable counts as not set: that is how compose files and shells switch one off. */
export function createVariableReader(env: Environment): VariableReader {
  const problems: string[] = []
  const unsound = new Set<string>()

  function problem(name: VariableName, what: string) {
    unsound.add(name)
    problems.push(`${name}: ${what}; for example ${name}=${variable(name)?.example ?? '…'}`)
  }
  function read<T>(name: VariableName, schema: z.ZodType<T, string>): T | undefined {
    const fallback = variable(name)?.default
    const value = env[name] || fallback
    if (value === undefined) return undefined
    const result = schema.safeParse(value)
    if (result.success) return result.data
    for (const message of new Set(result.error.issues.map((issue) => issue.message))) problem(name, message)
    return fallback === undefined ? undefined : schema.parse(fallback)
  }

  return {
    // With a default there is always a value, which the overloads of the interface say.
    read: read as VariableReader['read'],
    isSet: (name) => Boolean(env[name]),
    sound: (...names) => names.every((name) => !unsound.has(name)),
    problem,
    problems,
  }
}
