import type { IncomingMessage } from 'node:http'
import type { Log } from '../log.ts'
import type { Tracing } from './tracing.ts'

export interface TracingOptions {
  /** OpenTelemetry's own variables; the SDK reads the process's besides. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly publicOrigin: string
  /** What a request went to, when it is over: never its path, which says more. */
  readonly routeOf: (req: IncomingMessage) => string | undefined
  readonly log: Pick<Log, 'warn'>
}

/**
 * Tracing, if OpenTelemetry's variables ask for it: an OTLP endpoint is named, and the SDK is not disabled.
 * https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 */
export async function openTracing(options: TracingOptions): Promise<Tracing | undefined> {
  const { env } = options
  const endpoint = env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] || env['OTEL_EXPORTER_OTLP_ENDPOINT']
  const disabled =
    env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true' || env['OTEL_TRACES_EXPORTER'] === 'none'
  if (!endpoint || disabled) return undefined
  const { startOpenTelemetry } = await import('./open-telemetry.ts')
  return startOpenTelemetry(options)
}
