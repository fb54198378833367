import type { Command, Option } from './command.ts'

/** All commands at a glance. */
export function overview(commands: readonly Command[]): string {
  const width = Math.max(...commands.map((command) => usage(command).length))
  return [
    'coatcheck COMMAND [options]',
    '',
    ...commands.map((command) => `  ${usage(command).padEnd(width)}  ${command.summary}`),
    '',
    'Each takes --json, and --help says more about it. The configuration comes from the environment,',
    'and from .env in the working directory for what is not set there.',
    'Exit code: 0 done, 1 something is wrong, 2 called the wrong way.',
  ].join('\n')
}

/** One command in full. */
export function commandHelp(command: Command, everywhere: Readonly<Record<string, Option>>): string {
  const options = Object.entries({ ...command.options, ...everywhere })
  const left = ([name, { value }]: [string, Option]) => `--${name}${value ? ` ${value}` : ''}`
  const width = Math.max(...options.map((option) => left(option).length))
  return [
    `coatcheck ${usage(command)}`,
    '',
    `${command.summary}`,
    '',
    ...options.map((option) => `  ${left(option).padEnd(width)}  ${option[1].meaning}`),
    ...(command.remarks ? ['', ...command.remarks] : []),
  ].join('\n')
}

function usage({ words, options }: Command): string {
  const shown = Object.entries(options).map(([name, { value, required }]) => {
    const option = `--${name}${value ? ` ${value}` : ''}`
    return required ? option : `[${option}]`
  })
  return [words, ...shown].join(' ')
}
