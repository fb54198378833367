import { isatty } from 'node:tty'
import pino from 'pino'
import { prettyFactory } from 'pino-pretty'
import type { Clock } from '../clock.ts'
import type { LogLevel } from '../config/config.ts'
import { batchLines } from './line-batch.ts'
import type { Log, LogEvent } from './log.ts'
import { prettyOptions } from './pretty-line.ts'
import { redactFields } from './redaction.ts'

export interface LogOptions {
  readonly level: LogLevel
  readonly format: 'json' | 'pretty'
  /** Where lines go; without it standard output. */
  readonly destination?: { write(line: string): unknown }
  /** Lines may wait for each other on the way to standard output: whoever says so calls `flush` when the process ends. */
  readonly batched?: boolean
  /** Without it the machine's time: what is logged happens then, whatever a test's clock says. */
  readonly clock?: Clock
}

/** The process's log. Lines are written beside the work; `close` waits for them. */
export interface OwnedLog extends Log {
  /**
   * One line, written without looking for secrets in it: whoever calls it has. Of request lines there may be thousands a
   * second, and pino takes four times as long over one.
   */
  line(level: 'debug' | 'info', event: string, fields: object): void
  /** False: nothing would be written, so nothing needs to be made. */
  enabled(level: Exclude<LogLevel, 'silent'>): boolean
  /** Writes out what is waiting; for the moment before the process ends. */
  flush(): void
  close(): void
}

/** What may wait for a reader of standard output that stands still; beyond it lines are dropped, not memory used up. */
const mostWaitingBytes = 16 * 1024 * 1024

/** Docker takes 16 KB at a time. */
const batch = { most: 12_000, ms: 100 }

/** A log of named events: one JSON object a line, or a line for people. Secrets are taken out here, in one place. */
export function createLog({ level, format, destination, batched = false, clock }: LogOptions): OwnedLog {
  const standardOutput = destination
    ? undefined
    : pino.destination({ dest: 1, sync: false, maxLength: mostWaitingBytes })
  // A person who watches sees each line as it comes.
  const lines = standardOutput && batched && !isatty(1) ? batchLines(standardOutput, batch) : undefined
  const target = destination ?? lines ?? (standardOutput as NonNullable<typeof standardOutput>)
  const time = timestamps(clock ?? Date.now)
  const logger = pino(
    {
      level,
      messageKey: 'event',
      errorKey: 'error',
      base: null,
      timestamp: () => `,"time":"${time()}"`,
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
      lines?.flush()
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
    line(name, event, fields) {
      if (!logger.isLevelEnabled(name)) return
      // In pino's order.
      if (format === 'json')
        target.write(`${JSON.stringify({ level: name, time: time(), ...fields, event })}\n`)
      else logger[name](fields, event)
    },
    enabled: (wanted) => logger.isLevelEnabled(wanted),
    flush,
    close: flush,
  }
}

/** ISO 8601; made once per millisecond. */
function timestamps(clock: Clock): () => string {
  let [at, text] = [Number.NaN, '']
  return () => {
    const now = clock()
    if (now !== at) [at, text] = [now, new Date(now).toISOString()]
    return text
  }
}

/** As a stream of this thread: a worker's lines could be lost when the process ends. */
function prettily(target: { write(line: string): unknown }) {
  const toStandardOutput = 'fd' in target
  const format = prettyFactory(prettyOptions(toStandardOutput && isatty(1)))
  return { write: (line: string) => void target.write(format(JSON.parse(line)) ?? '') }
}
