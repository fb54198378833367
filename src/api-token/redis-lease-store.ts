import type { LeaseStore } from './lease.ts'

/** The two commands of the node-redis client (single, Cluster or Sentinel) that leases need. */
interface Commands {
  set(key: string, value: string, options: object): Promise<unknown>
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
}

const answerWithinMs = 1_000

// Only the owner may extend or drop: a lease that ran out may be another's by now.
const extendScript =
  "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0"
const dropScript =
  "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"

/** Leases that the fleet shares. Every command ends within a second: a frozen Redis must not hold a request. */
export function createRedisLeaseStore(
  redis: unknown,
  prefix: string,
  observe: (durationMs: number, ok: boolean) => void = () => undefined,
): LeaseStore {
  const commands = redis as Commands
  const inTime = async <T>(command: Promise<T>): Promise<T> => {
    const startedAt = performance.now()
    const answered = (ok: boolean) => observe(performance.now() - startedAt, ok)
    const reply = answerInTime(command)
    reply.then(
      () => answered(true),
      () => answered(false),
    )
    return reply
  }
  const run = (script: string, key: string, ...values: string[]) =>
    inTime(commands.eval(script, { keys: [`${prefix}lease:${key}`], arguments: values }))

  return {
    take: async (key, owner, ttlMs) =>
      (await inTime(
        commands.set(`${prefix}lease:${key}`, owner, {
          condition: 'NX',
          expiration: { type: 'PX', value: ttlMs },
        }),
      )) === 'OK',
    extend: async (key, owner, ttlMs) => (await run(extendScript, key, owner, String(ttlMs))) === 1,
    drop: (key, owner) => run(dropScript, key, owner),
  }
}

async function answerInTime<T>(command: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('Redis did not answer in time')), answerWithinMs)
  })
  return Promise.race([command, late]).finally(() => clearTimeout(timer))
}
