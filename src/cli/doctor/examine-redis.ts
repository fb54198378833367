import { setTimeout as sleep } from 'node:timers/promises'
import type { RedisConfig } from '../../config/config.ts'
import { randomToken } from '../../crypto/random.ts'
import { createRedisClient, type RedisClient } from '../../session/redis-client.ts'
import { RedisNotices } from '../../session/redis-notices.ts'
import { type Finding, failed, ok, warning } from './finding.ts'
import { explainFailure } from './network-failure.ts'

const area = 'redis'
const patienceMs = 3_000

/** Connects as the server does, tries what it needs, and looks at the settings that sessions depend on. */
export async function examineRedis(config: RedisConfig | undefined): Promise<readonly Finding[]> {
  if (!config) return [ok(area, 'not configured: sessions live in the server’s memory and end with it')]
  const tracked = await connect(config, true)
  if ('client' in tracked)
    return use(tracked.client, config, [ok(area, 'tells us of changes (RESP3, CLIENT TRACKING)')])
  if (!tracked.errors.some(refusesTracking)) return [explain(config, tracked.errors)]
  const untracked = await connect(config, false)
  if ('errors' in untracked) return [explain(config, untracked.errors)]
  const advice = 'allow the user +client|tracking +hello, or use a server that knows them (Redis 6, Valkey)'
  return use(untracked.client, config, [
    warning(area, 'refuses RESP3 or CLIENT TRACKING: every session is read again each second', advice),
  ])
}

function refusesTracking(error: unknown): boolean {
  return /^(NOPROTO|NOPERM|ERR unknown)/i.test(messageOf(error))
}

type Connected = { readonly client: RedisClient } | { readonly errors: readonly unknown[] }

/** A client goes on trying for ever; the first reason is as good as the tenth. */
async function connect(config: RedisConfig, notices: boolean): Promise<Connected> {
  const client = createRedisClient(
    config,
    notices ? new RedisNotices({ changed() {}, lost() {} }) : undefined,
  )
  const errors: unknown[] = []
  const failure = Promise.withResolvers<false>()
  client.onError((error) => {
    errors.push(error)
    failure.resolve(false)
  })
  const connecting = client.connect().then(
    () => true,
    (error: unknown) => {
      errors.push(error)
      return false
    },
  )
  const patience = new AbortController()
  const waited = sleep(patienceMs, false, { signal: patience.signal }).catch(() => false)
  const connected = await Promise.race([connecting, failure.promise, waited])
  patience.abort()
  if (connected) return { client }
  await client.destroy().catch(() => {})
  return { errors: errors.length > 0 ? errors : [new Error('timeout')] }
}

async function use(
  client: RedisClient,
  config: RedisConfig,
  findings: readonly Finding[],
): Promise<readonly Finding[]> {
  try {
    return [...findings, await tryCommands(client, config), ...(await examineSettings(client, config))]
  } catch (error) {
    return [...findings, explain(config, [error])]
  } finally {
    await client.destroy().catch(() => {})
  }
}

/** Writing, expiring and scripts: what an ACL could forbid. */
async function tryCommands({ commands }: RedisClient, { prefix }: RedisConfig): Promise<Finding> {
  const key = `${prefix}doctor:${randomToken(8)}`
  await commands.set(key, '1', { condition: 'NX', PX: 10_000 })
  if ((await commands.get(key)) !== '1')
    return failed(
      area,
      'forgets a key that was just written',
      'check that REDIS_URL leads to one server, not to a balancer over several',
    )
  await commands.slideRecords([{ key, seenAt: 1, ttlMs: 1000 }])
  return ok(area, `keys under ${prefix} can be written and read`)
}

async function examineSettings(client: RedisClient, { mode }: RedisConfig): Promise<readonly Finding[]> {
  const setting = async (name: string) => {
    const answer = await send(client, mode, ['CONFIG', 'GET', name]).catch(() => undefined)
    return Array.isArray(answer) ? String(answer[1]) : read(answer, name)
  }
  const policy = await setting('maxmemory-policy')
  const [append, save] = [await setting('appendonly'), await setting('save')]
  if (policy === undefined)
    return [
      ok(area, 'does not show its settings; it should have maxmemory-policy noeviction and appendonly yes'),
    ]
  return [
    policy === 'noeviction'
      ? ok(area, 'evicts nothing (maxmemory-policy noeviction)')
      : warning(
          area,
          `throws sessions away when memory is full (maxmemory-policy ${policy})`,
          'CONFIG SET maxmemory-policy noeviction',
        ),
    append === 'yes'
      ? ok(area, 'survives its restart (appendonly yes)')
      : warning(
          area,
          save
            ? 'a crash may lose the sessions since its last snapshot'
            : 'a restart signs everybody out: nothing is written to disk',
          'switch on the append-only file: appendonly yes',
        ),
  ]
}

/** node-redis’s clients agree on the method and differ in its parameters. */
async function send(
  client: RedisClient,
  mode: RedisConfig['mode'],
  args: readonly string[],
): Promise<unknown> {
  const [connection] = client.connections()
  const able = connection as unknown as { sendCommand(...parameters: readonly unknown[]): Promise<unknown> }
  return mode === 'sentinel' ? able.sendCommand(true, args) : able.sendCommand(args)
}

/** RESP3 answers a map, which node-redis gives as an object or a Map. */
function read(answer: unknown, name: string): string | undefined {
  if (answer instanceof Map) return answer.has(name) ? String(answer.get(name)) : undefined
  if (typeof answer !== 'object' || answer === null) return undefined
  const value = (answer as Readonly<Record<string, unknown>>)[name]
  return value === undefined ? undefined : String(value)
}

const refusals: readonly (readonly [message: RegExp, seen: string, advice: string])[] = [
  [
    /^WRONGPASS|invalid (username-)?password/i,
    'refuses the user or the password',
    'correct them in REDIS_URL (percent-encode special characters)',
  ],
  [/^NOAUTH/i, 'wants a password', 'put it into REDIS_URL: redis://USER:PASSWORD@HOST:PORT'],
  [
    /^NOPERM/i,
    'forbids a command that sessions need',
    'allow the user its keys and +@read +@write +@scripting +@connection +client|tracking',
  ],
  [
    /^MISCONF|^READONLY/i,
    'does not take writes',
    'lead REDIS_URL to the master, and check that it can write its snapshots',
  ],
  [/^OOM/i, 'is out of memory', 'raise maxmemory'],
  [/^LOADING/i, 'is still loading its data', 'try again in a minute'],
  [/cluster support disabled/i, 'is no cluster', 'set REDIS_MODE=single'],
  [/^(MOVED|ASK) /, 'is a cluster', 'set REDIS_MODE=cluster'],
]

function explain({ urls, mode }: RedisConfig, errors: readonly unknown[]): Finding {
  const place = urls.map((url) => new URL(url).host).join(', ')
  for (const [pattern, seen, advice] of refusals)
    if (errors.some((error) => pattern.test(messageOf(error))))
      return failed(area, `${place} ${seen}`, advice)
  if (errors.some((error) => /time(d )?out/i.test(messageOf(error)))) {
    const also = urls.some((url) => url.startsWith('rediss:')) ? ', and that it speaks TLS there' : ''
    const sentinels =
      mode === 'sentinel' ? ', and that these are sentinels that know REDIS_SENTINEL_MASTER' : ''
    const advice = `check that it runs, the firewalls on the way${also}${sentinels}`
    return failed(area, `${place} did not answer in time`, advice)
  }
  const { seen, advice } = explainFailure(errors[0])
  return failed(area, `${place}: ${seen}`, advice)
}

function messageOf(error: unknown): string {
  return String((error as { message?: unknown } | undefined)?.message ?? '')
}
