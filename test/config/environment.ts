import type { Config } from '../../src/config/config.ts'
import type { FileReader } from '../../src/config/file-reader.ts'
import { readConfig } from '../../src/config/read-config.ts'
import type { Environment } from '../../src/config/variable-reader.ts'

/** The least that starts on loopback. */
export const onLoopback: Environment = {
  PROVIDERS: 'google',
  GOOGLE_CLIENT_ID: 'id',
  GOOGLE_CLIENT_SECRET: 'a-client-secret',
}

/** The least that starts elsewhere. */
export const inProduction: Environment = {
  ...onLoopback,
  PUBLIC_URL: 'https://app.example.com',
  GOOGLE_CLIENT_SECRET: 'GOCSPX-8fKq2nVw7TzLr3',
  SESSION_SECRET: 'q7Wn2Kc9Xv4Lb8Rt1Zs6Md3Fh5Jg0PyEu',
  REDIS_URL: 'rediss://coatcheck:kV9tLm2Q@redis.internal:6379',
  DATABASE_URL: 'postgres://coatcheck:Tz4hWq8N@db.internal/coatcheck?sslmode=verify-full',
}

/** Files by path, and nothing else. */
export function filesWith(contents: Readonly<Record<string, string>> = {}): FileReader {
  return {
    read(path) {
      const content = contents[path]
      if (content === undefined) throw Object.assign(new Error(`no ${path}`), { code: 'ENOENT' })
      return content
    },
  }
}

/** The configuration of an environment that must be right. */
export function configOf(env: Environment, files: Readonly<Record<string, string>> = {}): Config {
  const result = readConfig(env, filesWith(files))
  if ('problems' in result) throw new Error(result.problems.join('\n'))
  return result.config
}

/** What a start would say of an environment that works, line by line. */
export function warningsOf(
  env: Environment,
  files: Readonly<Record<string, string>> = {},
): readonly string[] {
  return readConfig(env, filesWith(files)).warnings
}

/** The problems of an environment, none if it is right. */
export function problemsOf(
  env: Environment,
  files: Readonly<Record<string, string>> = {},
): readonly string[] {
  const result = readConfig(env, filesWith(files))
  return 'problems' in result ? result.problems : []
}
