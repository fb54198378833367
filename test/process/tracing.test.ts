import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { createWorld, type World } from '../../src/testing/world.ts'
import { type Collector, startCollector } from '../ops/collector.ts'
import { signUp } from '../support/house.ts'
import { type ServerProcess, startServer } from '../support/server-process.ts'

let world: World
let collector: Collector
let server: ServerProcess | undefined
let folder: string
beforeEach(async () => {
  world = await createWorld({ providers: ['kakao'] })
  collector = await startCollector()
  folder = mkdtempSync(join(tmpdir(), 'coatcheck-tracing-'))
})
afterEach(async () => {
  await server?.stop('SIGKILL')
  collector.close()
  await world.close()
  rmSync(folder, { recursive: true })
})

const lines = (process: ServerProcess) =>
  process
    .output()
    .stdout.split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line): Record<string, unknown> => JSON.parse(line))

/** Says on standard error which of OpenTelemetry's modules are loaded; prom-client and node-redis have its bare API. */
const tellImports = `--import=data:text/javascript,${encodeURIComponent(
  "import{registerHooks}from'node:module';registerHooks({resolve(name,context,next){if(/^@opentelemetry.(?!api$)|open-telemetry/.test(name))process.stderr.write('LOADED '+name+'\\n');return next(name,context)}})",
)}`

describe('a server', () => {
  it('sends what is waiting before it ends, with OpenTelemetry’s variables in .env', async () => {
    writeFileSync(
      join(folder, '.env'),
      `OTEL_EXPORTER_OTLP_ENDPOINT=${collector.url}\nOTEL_SERVICE_NAME=from-dotenv\n`,
    )
    server = await startServer({ ...world.env, LOG_LEVEL: 'info' }, folder)
    await signUp(world.browser())
    expect(await server.stop()).toBe(0)
    const { resource } = await collector.span(({ name }) => name === 'POST /auth/signup')
    expect(resource).toMatchObject({ 'service.name': 'from-dotenv' })
    expect(lines(server).map(({ event }) => event)).not.toContain('configuration.warning')
  })

  it('loads nothing of OpenTelemetry unless it is asked to', async () => {
    const env = { ...world.env, NODE_OPTIONS: tellImports }
    const traced = { ...env, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/v1/traces` }
    for (const off of [
      env,
      { ...traced, OTEL_SDK_DISABLED: 'true' },
      { ...traced, OTEL_TRACES_EXPORTER: 'none' },
    ]) {
      server = await startServer(off)
      await signUp(world.browser())
      await server.stop()
      expect(server.output().stderr).toBe('')
    }
    expect(collector.received).toBe('[]')
    server = await startServer(traced)
    await server.stop()
    expect(server.output().stderr).toContain('LOADED @opentelemetry/sdk-trace')
  })

  it('says once that its collector is away, and which sampler it does not know', async () => {
    collector.close()
    const env = {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_TIMEOUT: '300',
      OTEL_BSP_SCHEDULE_DELAY: '20',
      OTEL_TRACES_SAMPLER: 'sometimes',
    }
    server = await startServer({ ...world.env, LOG_LEVEL: 'info', ...env })
    for (let person = 0; person < 3; person += 1) await signUp(world.browser())
    await server.stop()
    const said = lines(server).filter(({ event }) => String(event).startsWith('tracing.'))
    expect(said).toEqual([
      expect.objectContaining({ event: 'tracing.sampler-unknown', sampler: 'sometimes', level: 'warn' }),
      expect.objectContaining({ event: 'tracing.trouble', message: expect.any(String), level: 'warn' }),
    ])
  })
})
