import type { PrettyOptions } from 'pino-pretty'

const shownElsewhere = new Set(['level', 'time', 'event', 'error'])

/** How a line looks to people: time, level, event, `name=value` pairs; an error's message after it, its stack below. */
export function prettyOptions(colorize: boolean): PrettyOptions {
  return {
    colorize,
    messageKey: 'event',
    translateTime: 'SYS:HH:MM:ss.l',
    hideObject: true,
    messageFormat: (line) => pretty(line),
  }
}

function pretty(line: Readonly<Record<string, unknown>>): string {
  const error = line['error'] as { name?: string; message?: string; stack?: string } | undefined
  const said = line['event'] === 'request' ? requestLine(line) : `${line['event']}${pairs(line)}`
  if (typeof error !== 'object' || error === null) return said
  return `${said} ${error.name}: ${error.message}${error.stack ? `\n${frames(error.stack)}` : ''}`
}

function requestLine(line: Readonly<Record<string, unknown>>): string {
  const { method, path, status, durationMs, requestId, ...others } = line
  return `${status} ${method} ${path} ${durationMs} ms${pairs(others)}`
}

function pairs(fields: Readonly<Record<string, unknown>>): string {
  return Object.entries(fields)
    .filter(([name]) => !shownElsewhere.has(name))
    .map(([name, value]) => ` ${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join('')
}

function frames(stack: string): string {
  return stack
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .join('\n')
}
