import { join } from 'node:path'
import { z } from 'zod'
import { findCareless, refuseSharedSecrets } from './careless.ts'
import type { Config, DatabaseConfig, SignupConfig } from './config.ts'
import { type FileReader, readJsonFile } from './file-reader.ts'
import { deepFreeze } from './freeze.ts'
import { count, credentialsFlaw, duration, oneOf, text, timerDuration } from './grammar.ts'
import { findMisspellings } from './misspellings.ts'
import { readProviders } from './read-providers.ts'
import { readListening, readPublic } from './read-public.ts'
import { readRoutes } from './read-routes.ts'
import { readRedis, readSession } from './read-sessions.ts'
import { readSpa } from './read-spa.ts'
import { readServiceTokenKeys, readServiceTokenNames, readTokenExchange } from './read-tokens.ts'
import { createVariableReader, type Environment, type VariableReader } from './variable-reader.ts'

/** Either a frozen Config or every problem at once, one line each; warnings either way. No line holds a value of the environment. */
export type ReadConfig = ({ readonly config: Config } | { readonly problems: readonly string[] }) & {
  readonly warnings: readonly string[]
}

/** Reads the whole environment by the public contract. Starts nothing, and reads no files but those that `env` names. */
export function readConfig(env: Environment, files: FileReader): ReadConfig {
  const reader = createVariableReader(env, files)
  const publicConfig = readPublic(reader)
  // What PUBLIC_URL asks for is judged only where it can be read.
  const loopback = publicConfig.loopback
  const dataDir = reader.read('DATA_DIR', text)
  const workers = reader.read('WORKERS', count)
  const { audience, ...serviceTokenNames } = readServiceTokenNames(reader, publicConfig.origin)
  const listening = readListening(reader)
  const session = readSession(reader, loopback)
  const redis = readRedis(reader, { loopback, workers })
  const database = readDatabase(reader, dataDir)
  const signup = readSignup(reader, files)
  const providers = readProviders(reader)
  const routes = readRoutes(reader, { files, audience })

  const config: Config = {
    public: publicConfig,
    ...listening,
    dataDir,
    session,
    redis,
    signup,
    database,
    providers,
    kakaoAdminKey: reader.read('KAKAO_ADMIN_KEY', text),
    routes,
    upstreamConnections: reader.read('UPSTREAM_CONNECTIONS', count),
    serviceToken: {
      ...serviceTokenNames,
      audience,
      ...readServiceTokenKeys(reader, { files, routes, loopback }),
    },
    tokenExchange: readTokenExchange(reader, routes),
    ...readSpa(reader, { files, routes, loopback }),
    rateLimit: reader.read('RATE_LIMIT', rateLimit),
    log: {
      level: reader.read('LOG_LEVEL', oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])),
      format: reader.read('LOG_FORMAT', oneOf(['json', 'pretty'])),
    },
    workers,
    shutdownTimeoutMs: reader.read('SHUTDOWN_TIMEOUT', timerDuration),
  }
  refuseSharedSecrets(reader, config)
  const warnings = [
    ...findCareless(config, reader, files),
    ...findMisspellings(
      env,
      providers.map(({ id }) => id),
    ),
  ]
  return reader.problems.length > 0
    ? { problems: reader.problems, warnings }
    : { config: deepFreeze(config), warnings }
}

const databaseUrl = z.string().transform((value, context): DatabaseConfig => {
  const path = /^sqlite:(?:\/\/(?=\/))?(.*)$/.exec(value)?.[1]
  if (path) return { kind: 'sqlite', path }
  const isPostgres = /^postgres(ql)?:\/\//.test(value)
  const flaw = isPostgres ? credentialsFlaw(value) : undefined
  if (flaw) context.addIssue({ code: 'custom', message: flaw })
  else if (!isPostgres || !URL.canParse(value))
    context.addIssue({ code: 'custom', message: 'must be postgres://… or sqlite:PATH' })
  return { kind: 'postgres', url: value }
})

function readDatabase(reader: VariableReader, dataDir: string): DatabaseConfig {
  return reader.read('DATABASE_URL', databaseUrl) ?? { kind: 'sqlite', path: join(dataDir, 'users.sqlite') }
}

function readSignup(reader: VariableReader, files: FileReader): SignupConfig {
  const schemaPath = reader.read('SIGNUP_SCHEMA', text)
  if (schemaPath !== undefined) {
    const file = readJsonFile(files, schemaPath)
    if ('problem' in file) reader.problem('SIGNUP_SCHEMA', file.problem)
    else if (!z.looseObject({}).safeParse(file.json).success)
      reader.problem('SIGNUP_SCHEMA', 'must name a JSON Schema, an object')
  }
  return {
    mode: reader.read('SIGNUP', oneOf(['form', 'auto', 'closed'])),
    schemaPath,
    timeoutMs: reader.read('SIGNUP_TIMEOUT', timerDuration),
  }
}

const rateLimitGrammar = /^([1-9]\d{0,8})\/(\d+(?:ms|s|m|h|d))$/

const rateLimit = z
  .string()
  .refine((value) => {
    const window = rateLimitGrammar.exec(value)?.[2]
    return value === 'off' || timerDuration.safeParse(window).success
  }, 'must be requests/duration, or off')
  .transform((value) => {
    const [, requests, window] = rateLimitGrammar.exec(value) ?? []
    return window === undefined ? undefined : { requests: Number(requests), windowMs: duration.parse(window) }
  })
