import { isatty } from 'node:tty'
import pino from 'pino'
import { prettyFactory } from 'pino-pretty'
import type { Clock } from '../clock.ts'
import type { LogLevel } from '../config/config.ts'
import type { Log, LogEvent } from './log.ts'
import { prettyOptions } from './pretty-line.ts'
import { redactFields } from './redaction.ts'

export interface LogOptions {
  readonly level: LogLevel
  readonly format: 'json' | 'pretty'
  /** Where lines go; without it standard output. */
  readonly destination?: { write(line: string): unknown }
  /** Without it the machine's time: what is logged happens then, whatever a test's clock says. */
  readonly clock?: Clock
}

/** The process's log. Lines are written beside the work; `close` waits for them. */
export interface OwnedLog extends Log {
  /** False: nothing would be written, so nothing needs to be made. */
  enabled(level: Exclude<LogLevel, 'silent'>): boolean
  /** Writes out what is waiting; for the moment before the process ends. */
  flush(): void
  close(): void
}

/** What may wait for a reader of standard output that stands still; beyond it lines are dropped, not memory used up. */
const mostWaitingBytes = 16 * 1024 * 1024

/** Lines go out together, for a write costs ten times what a line does: when this many bytes or ms have passed. */
const batch = { minLength: 12_288, periodicFlush: 100 }

/** A log of named events: one JSON object a line, or a line for people. Secrets are taken out here, in one place. */
export function createLog({ level, format, destination, clock }: LogOptions): OwnedLog {
  const standardOutput = destination
    ? undefined
    : pino.destination({ dest: 1, sync: false, maxLength: mostWaitingBytes, ...(isatty(1) ? {} : batch) })
  const target = destination ?? (standardOutput as NonNullable<typeof standardOutput>)
  const logger = pino(
    {
      level,
      messageKey: 'event',
      errorKey: 'error',
      base: null,
      timestamp: timestamps(clock ?? Date.now),
      formatters: { level: (label) => ({ level: label }), log: redactFields },
      // Errors are taken apart by redactFields, which knows what may be said of them.
      serializers: { error: (error: unknown) => error },
    },
    format === 'pretty' ? prettily(target) : target,
  )

  const at =
    (name: 'debug' | 'info' | 'warn' | 'error'): LogEvent =>
    (event, fields) =>
      logger[name](fields ?? {}, event)

  const flush = () => {
    try {
      standardOutput?.flushSync()
    } catch {
      // Standard output has been closed: there is nobody to tell.
    }
  }
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    enabled: (wanted) => logger.isLevelEnabled(wanted),
    flush,
    close: flush,
  }
}

/** ISO 8601, as pino wants it; made once per millisecond. */
function timestamps(clock: Clock): () => string {
  let [at, text] = [Number.NaN, '']
  return () => {
    const now = clock()
    if (now !== at) [at, text] = [now, `,"time":"${new Date(now).toISOString()}"`]
    return text
  }
}

/** As a stream of this thread: a worker's lines could be lost when the process ends. */
function prettily(target: { write(line: string): unknown }) {
  const toStandardOutput = target instanceof Object && 'fd' in target
  const format = prettyFactory(prettyOptions(toStandardOutput && isatty(1)))
  return { write: (line: string) => void target.write(format(JSON.parse(line)) ?? '') }
}
