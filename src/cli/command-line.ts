import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { check } from './check.ts'
import type { Command, CommandOptions, ExitCode, Option, OptionValues, Terminal } from './command.ts'
import { doctor } from './doctor/doctor.ts'
import { UnreadableDotEnv } from './environment.ts'
import { explain } from './failure.ts'
import { commandHelp, overview } from './help.ts'
import { keygen } from './keygen.ts'
import { endSessions, listSessions } from './sessions.ts'
import { addUser, deleteUser, disableUser, enableUser, listUsers } from './users.ts'

const commands: readonly Command[] = [
  check,
  doctor,
  keygen,
  listSessions,
  endSessions,
  listUsers,
  addUser,
  disableUser,
  enableUser,
  deleteUser,
]

const everywhere: Readonly<Record<string, Option>> = {
  json: { type: 'boolean', meaning: 'print JSON, for programs' },
  help: { type: 'boolean', meaning: 'print this' },
}

/** Understands a command line, runs what it says, and returns the exit code. */
export async function run(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const parsed = parse(args)
  if (typeof parsed === 'string') return misuse(terminal, parsed)
  const { words, values } = parsed
  if (values['version']) return say(terminal, version())
  const group = commands.filter((one) => one.words === words || one.words.startsWith(`${words} `))
  if (values['help'])
    return say(
      terminal,
      group.length === 1 && group[0] ? commandHelp(group[0], everywhere) : overview(words ? group : commands),
    )
  const command = commands.find((one) => one.words === words)
  if (!command) return misuse(terminal, whatElse(words, group))
  const mistake = mistakeIn(command, values)
  if (mistake) return misuse(terminal, mistake)
  try {
    return await command.run(optionsFrom(values), terminal)
  } catch (error) {
    terminal.err(
      error instanceof UnreadableDotEnv ? error.message : `coatcheck ${command.words}: ${explain(error)}`,
    )
    return 1
  }
}

/** Every option of every command is known to the parser; whether it belongs to this command is asked afterwards. */
function parse(args: readonly string[]): { words: string; values: OptionValues } | string {
  const all = Object.assign({}, everywhere, ...commands.map((command) => command.options))
  const types = Object.fromEntries(Object.entries<Option>(all).map(([name, { type }]) => [name, { type }]))
  const options = { ...types, help: { type: 'boolean', short: 'h' }, version: { type: 'boolean' } } as const
  try {
    const { values, positionals } = parseArgs({
      args: tied(args, (name) => types[name]?.type === 'string'),
      options,
      allowPositionals: true,
    })
    return { words: positionals.join(' '), values: values as OptionValues }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code?.startsWith('ERR_PARSE_ARGS')) return message.split('. ')[0] ?? message
    throw error
  }
}

/** `--session -x` as `--session=-x`: ids are random and may begin with a dash, which the parser would take for an option. */
function tied(args: readonly string[], takesValue: (name: string) => boolean): string[] {
  const list: string[] = []
  for (const arg of args) {
    const option = list.at(-1) ?? ''
    const isItsValue = /^-[^-]/.test(arg) && option.startsWith('--') && takesValue(option.slice(2))
    if (isItsValue) list[list.length - 1] = `${option}=${arg}`
    else list.push(arg)
  }
  return list
}

function mistakeIn({ words, options }: Command, values: OptionValues): string | undefined {
  const foreign = Object.keys(values).find((name) => !(name in options) && !(name in everywhere))
  if (foreign) return `${words} has no option --${foreign}`
  const missing = Object.entries(options).find(([name, option]) => option.required && !values[name])
  return missing && `${words} needs --${missing[0]} ${missing[1].value ?? ''}`.trim()
}

function optionsFrom(values: OptionValues): CommandOptions {
  const text = (name: string) => {
    const value = values[name]
    return typeof value === 'string' ? value : undefined
  }
  return {
    json: values['json'] === true,
    flag: (name) => values[name] === true,
    text,
    required(name) {
      const value = text(name)
      if (value === undefined) throw new Error(`--${name} is not a required option of this command`)
      return value
    },
  }
}

function whatElse(words: string, group: readonly Command[]): string {
  if (words === '') return 'what shall it do?'
  if (group.length > 0) return `${words} what? One of ${group.map((one) => one.words).join(', ')}`
  return `there is no command ${JSON.stringify(words)}`
}

function say(terminal: Terminal, text: string): ExitCode {
  terminal.out(text)
  return 0
}

function misuse(terminal: Terminal, mistake: string): ExitCode {
  terminal.err(`coatcheck: ${mistake}`)
  terminal.err('coatcheck --help says what there is.')
  return 2
}

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return String((JSON.parse(text) as { version: unknown }).version)
}
