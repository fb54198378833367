import type { Clock } from '../clock.ts'
import type { Environment } from '../config/variable-reader.ts'

/** What a command gets from the process, so that tests can hand in their own. */
export interface Terminal {
  readonly env: Environment
  readonly now: Clock
  /** One line for whoever reads the result: a person, or with `--json` a program. */
  readonly out: (line: string) => void
  /** One line beside the result: problems, warnings, how to call it. */
  readonly err: (line: string) => void
}

/** 0: done. 1: something is wrong, or was not found. 2: called the wrong way. */
export type ExitCode = 0 | 1 | 2

export interface Option {
  readonly type: 'string' | 'boolean'
  /** `ID` in `--user ID`. */
  readonly value?: string
  readonly required?: boolean
  readonly meaning: string
}

export type OptionValues = Readonly<Record<string, string | boolean | undefined>>

/** One thing that `coatcheck` can do. */
export interface Command {
  /** `sessions list` */
  readonly words: string
  readonly summary: string
  readonly options: Readonly<Record<string, Option>>
  /** Shown by `--help` below the options. */
  readonly remarks?: readonly string[]
  run(options: CommandOptions, terminal: Terminal): Promise<ExitCode>
}

/** The options as they were given: required ones are there, `json` is known to every command. */
export interface CommandOptions {
  readonly json: boolean
  flag(name: string): boolean
  text(name: string): string | undefined
  /** A required option's. */
  required(name: string): string
}
