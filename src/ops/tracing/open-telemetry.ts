import { DiagLogLevel, diag } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import {
  detectResources,
  envDetector,
  resourceFromAttributes,
  serviceInstanceIdDetector,
} from '@opentelemetry/resources'
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { within } from '../../deadline.ts'
import type { Log } from '../log.ts'
import { createSpans } from './create-spans.ts'
import type { TracingOptions } from './open-tracing.ts'
import { samplerNamed } from './sampler.ts'
import type { Tracing } from './tracing.ts'

const closeWithinMs = 3_000
const reportEveryMs = 60_000

/** OpenTelemetry's SDK, from its own variables: where to, which share, who we are. Imported only where tracing is wanted. */
export function startOpenTelemetry(options: TracingOptions): Tracing {
  const { env, log } = options
  reportTrouble(log)
  const { OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: argument } = env
  const sampler = samplerNamed(name || undefined, argument || undefined)
  if (!sampler) log.warn('tracing.sampler-unknown', { sampler: name, argument })
  const provider = new TracerProvider({
    sampler: sampler ?? (samplerNamed() as NonNullable<typeof sampler>),
    resource: resourceFromAttributes({ 'service.name': 'coatcheck' })
      .merge(detectResources({ detectors: [serviceInstanceIdDetector] }))
      .merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: new OTLPTraceExporter(),
        ...numeric('scheduledDelayMillis', env['OTEL_BSP_SCHEDULE_DELAY']),
        ...numeric('exportTimeoutMillis', env['OTEL_BSP_EXPORT_TIMEOUT']),
        ...numeric('maxQueueSize', env['OTEL_BSP_MAX_QUEUE_SIZE']),
        ...numeric('maxExportBatchSize', env['OTEL_BSP_MAX_EXPORT_BATCH_SIZE']),
      }),
    ],
  })
  return {
    ...createSpans(provider.getTracer('coatcheck'), options),
    async close() {
      await within(provider.shutdown(), closeWithinMs).catch(() => undefined)
    },
  }
}

function numeric(name: string, value: string | undefined): Record<string, number> {
  const number = Number(value || undefined)
  return number >= 0 ? { [name]: number } : {}
}

/** A collector that is away costs spans and never a request: said once a minute. */
function reportTrouble(log: Pick<Log, 'warn'>): void {
  let saidAt = Number.NEGATIVE_INFINITY
  const say = (message: string) => {
    if (performance.now() - saidAt < reportEveryMs) return
    saidAt = performance.now()
    log.warn('tracing.trouble', { message })
  }
  const quiet = () => undefined
  const logger = { error: say, warn: say, info: quiet, debug: quiet, verbose: quiet }
  diag.setLogger(logger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true })
}
