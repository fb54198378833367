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
  SESSION_SECRET: 'x'.repeat(32),
  REDIS_URL: 'redis://redis.internal:6379',
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

/** The problems of an environment, none if it is right. */
export function problemsOf(
  env: Environment,
  files: Readonly<Record<string, string>> = {},
): readonly string[] {
  const result = readConfig(env, filesWith(files))
  return 'problems' in result ? result.problems : []
}
