import { type PostgresServer, startPostgres } from './postgres-server.ts'
import { type RedisServer, startRedis } from './redis-server.ts'

declare global {
  // Shared with stop-services.ts, which jest runs in the same process.
  var coatcheckTestServices: { redis: RedisServer; postgres: PostgresServer } | undefined
}

/** One Redis and one PostgreSQL for the whole run; each test file takes its own prefix or database in them. */
export default async function startServices(): Promise<void> {
  const [redis, postgres] = await Promise.all([startRedis(), startPostgres()])
  globalThis.coatcheckTestServices = { redis, postgres }
  process.env['TEST_REDIS_URL'] = redis.url
  process.env['TEST_POSTGRES_URL'] = postgres.url
}
