import { randomUUID } from 'node:crypto'
import pg from 'pg'

function required(name: string): string {
  const value = process.env[name]
  if (!value) throw new Error(`${name} is not set: run the tests through npm test`)
  return value
}

/** The run's Redis. Take a `freshPrefix()` in it. */
export function redisUrl(): string {
  return required('TEST_REDIS_URL')
}

/** A key prefix that no other test uses. */
export function freshPrefix(): string {
  return `test-${randomUUID()}:`
}

/** A new, empty database in the run's PostgreSQL; its URL. */
export async function freshDatabase(): Promise<string> {
  const url = new URL(required('TEST_POSTGRES_URL'))
  const name = `test_${randomUUID().replaceAll('-', '')}`
  const client = new pg.Client({ connectionString: url.href })
  await client.connect()
  await client.query(`CREATE DATABASE ${name}`)
  await client.end()
  url.pathname = `/${name}`
  return url.href
}
