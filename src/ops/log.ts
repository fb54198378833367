/** A named event with fields: `login.failed {provider, code}`. Never a ticket, token, code, verifier, cookie or a provider's description. */
export type LogEvent = (event: string, fields?: Readonly<Record<string, unknown>>) => void

export interface Log {
  readonly debug: LogEvent
  readonly info: LogEvent
  readonly warn: LogEvent
  readonly error: LogEvent
}
