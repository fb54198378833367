import type { Environment } from '../config/variable-reader.ts'
import { readEnvironment } from './environment.ts'

/** The environment with OpenTelemetry's variables; its SDK reads the process's own, so those of `.env` go there too. */
export function traceEnvironment(): Environment {
  const env = readEnvironment()
  for (const [name, value] of Object.entries(env))
    if (name.startsWith('OTEL_') && value !== undefined) process.env[name] ??= value
  return env
}
