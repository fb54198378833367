import { z } from 'zod'
import type { RedisConfig, SessionConfig } from './config.ts'
import { count, credentialsFlaw, duration, list, oneOf, secret, text, timerDuration } from './grammar.ts'
import type { VariableReader } from './variable-reader.ts'

const secretLength = 32

const secrets = list.pipe(
  z.array(
    secret.refine(
      (value) => value.length >= secretLength,
      `must be a comma list of secrets of at least ${secretLength} characters each`,
    ),
  ),
)

// RFC 6265 §4.1.1: a cookie's name is a token (RFC 9110 §5.6.2).
const cookieName = z
  .string()
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/, 'must be a cookie name: a token of RFC 9110 §5.6.2')
  .refine(
    (name) => !/^__(host|secure)/i.test(name),
    'must not bring the prefix: it is put in front by itself',
  )
  .refine(
    (name) => !name.startsWith('login-'),
    'must not begin with login-, which the login attempts’ cookies do',
  )

/** How long a session lives, what its cookie is called, and what seals it. */
export function readSession(reader: VariableReader, loopback: boolean): SessionConfig {
  const sessionSecrets = reader.read('SESSION_SECRET', secrets)
  const idleTimeoutMs = reader.read('SESSION_IDLE_TIMEOUT', duration)
  const absoluteTimeoutMs = reader.read('SESSION_ABSOLUTE_TIMEOUT', duration)
  const session: SessionConfig = {
    secrets: sessionSecrets,
    // Its default gives way to a shorter absolute limit; what the operator wrote does not.
    idleTimeoutMs: reader.isSet('SESSION_IDLE_TIMEOUT')
      ? idleTimeoutMs
      : Math.min(idleTimeoutMs, absoluteTimeoutMs),
    absoluteTimeoutMs,
    cookieName: reader.read('SESSION_COOKIE_NAME', cookieName),
    sameSite: reader.read('SESSION_COOKIE_SAMESITE', oneOf(['strict', 'lax'])),
    limit: reader.read('SESSION_LIMIT', count),
  }
  if (!loopback && !reader.isSet('SESSION_SECRET'))
    reader.problem('SESSION_SECRET', 'is required when PUBLIC_URL is not on loopback')
  if (
    session.idleTimeoutMs > session.absoluteTimeoutMs &&
    reader.sound('SESSION_IDLE_TIMEOUT', 'SESSION_ABSOLUTE_TIMEOUT')
  )
    reader.problem('SESSION_IDLE_TIMEOUT', 'must not be longer than SESSION_ABSOLUTE_TIMEOUT')
  return session
}

const redisUrl = z.string().superRefine((value, context) => {
  const isRedis = /^rediss?:\/\/[^/]/.test(value)
  const flaw =
    (isRedis ? credentialsFlaw(value) : undefined) ?? (isRedis && isRedisAddress(value) ? undefined : shape)
  if (flaw) context.addIssue({ code: 'custom', message: flaw })
})

const shape = 'must be redis://HOST:PORT or rediss://HOST:PORT, with a database number at most behind it'

function isRedisAddress(value: string): boolean {
  if (!URL.canParse(value)) return false
  const { hostname, pathname, search } = new URL(value)
  return hostname !== '' && /^(\/\d*)?$/.test(pathname) && !search
}

/** Where sessions live; undefined: in memory. */
export function readRedis(
  reader: VariableReader,
  { loopback, workers }: { readonly loopback: boolean; readonly workers: number },
): RedisConfig | undefined {
  const urls = reader.read('REDIS_URL', list.pipe(z.array(redisUrl)))
  const mode = reader.read('REDIS_MODE', oneOf(['single', 'cluster', 'sentinel']))
  const sentinelMaster = reader.read('REDIS_SENTINEL_MASTER', text)
  const prefix = reader.read('REDIS_PREFIX', text)
  const timeoutMs = reader.read('REDIS_TIMEOUT', timerDuration)

  if (mode === 'sentinel' && !sentinelMaster && reader.sound('REDIS_SENTINEL_MASTER'))
    reader.problem('REDIS_SENTINEL_MASTER', 'is required with REDIS_MODE=sentinel')
  if (!reader.isSet('REDIS_URL')) {
    const wantedBy =
      mode !== 'single'
        ? `with REDIS_MODE=${mode}`
        : !loopback
          ? 'when PUBLIC_URL is not on loopback'
          : undefined
    const reason = wantedBy ?? (workers > 1 ? 'with more than one of WORKERS' : undefined)
    if (reason) reader.problem('REDIS_URL', `is required ${reason}`)
  }
  if (!urls) return undefined
  if (mode === 'single' && urls.length > 1 && reader.sound('REDIS_MODE'))
    reader.problem('REDIS_MODE', 'must be cluster or sentinel when REDIS_URL is a list')
  // Redis Cluster knows database 0 only.
  if (mode === 'cluster' && urls.some((url) => /\/0*[1-9]\d*$/.test(new URL(url).pathname)))
    reader.problem('REDIS_URL', 'must not name a database with REDIS_MODE=cluster')
  return { mode, urls, sentinelMaster, prefix, timeoutMs }
}
