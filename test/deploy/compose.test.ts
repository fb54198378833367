import { parseEnv } from 'node:util'
import { describe, expect, it } from '@jest/globals'
import { duration } from '../../src/config/grammar.ts'
import { variable } from '../../src/config/variables.ts'
import { problemsOf } from '../config/environment.ts'
import { documentsOf, read } from './yaml.ts'

interface Service {
  readonly env_file: string
  readonly environment: Readonly<Record<string, string>>
  readonly ports: readonly string[]
  readonly volumes: readonly string[]
  readonly depends_on: Readonly<Record<string, { readonly condition: string }>>
  readonly command: readonly string[]
  readonly healthcheck: { readonly test: readonly string[] }
  readonly stop_grace_period: string
}

interface Compose {
  readonly services: Readonly<Record<'coatcheck' | 'redis' | 'postgres', Service>>
  readonly volumes: Readonly<Record<string, unknown>>
}

const [compose] = documentsOf<Compose>('compose.yaml')
const { services, volumes } = compose as Compose
const { coatcheck, redis, postgres } = services

describe('compose.yaml', () => {
  it('sets variables that exist, to what a start takes beside .env.example', () => {
    expect(Object.keys(coatcheck.environment).filter((name) => !variable(name))).toEqual([])
    expect(coatcheck.env_file).toBe('.env')
    const credentials = ['KAKAO', 'NAVER', 'GOOGLE'].flatMap((id) => [
      [`${id}_CLIENT_ID`, 'x'],
      [`${id}_CLIENT_SECRET`, 'x'],
    ])
    const filledIn = { ...parseEnv(read('.env.example')), ...Object.fromEntries(credentials) }
    const environment = Object.fromEntries(
      Object.entries(coatcheck.environment).map(([name, value]) => [
        name,
        value.replace(/\$\{(\w+):\?[^}]*\}/g, '$1'),
      ]),
    )
    expect(problemsOf({ ...filledIn, ...environment })).toEqual([])
  })

  it('has no password that stands here: without one of your own it does not start', () => {
    const text = read('compose.yaml')
    expect(text).not.toMatch(/\$\{\w*PASSWORD:?-/)
    expect(coatcheck.environment['REDIS_URL']).toMatch(/^redis:\/\/:\$\{COMPOSE_REDIS_PASSWORD:\?/)
    expect(coatcheck.environment['DATABASE_URL']).toMatch(/:\$\{COMPOSE_POSTGRES_PASSWORD:\?/)
    expect(redis.command.join(' ')).toMatch(/--requirepass \$\{COMPOSE_REDIS_PASSWORD:\?\}/)
    expect(redis.environment['REDISCLI_AUTH']).toMatch(/^\$\{COMPOSE_REDIS_PASSWORD:\?\}$/)
    expect(postgres.environment['POSTGRES_PASSWORD']).toMatch(/^\$\{COMPOSE_POSTGRES_PASSWORD:\?\}$/)
  })

  it('keeps coatcheck small and reachable from this machine alone', () => {
    expect(coatcheck).toMatchObject({
      read_only: true,
      tmpfs: ['/tmp'],
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
    })
    expect(coatcheck.ports).toEqual([expect.stringMatching(/^127\.0\.0\.1:/)])
    expect(coatcheck.volumes).toContain(`coatcheck:${coatcheck.environment['DATA_DIR']}`)
  })

  it('gives it longer to end than it takes', () => {
    const takes = duration.parse(variable('SHUTDOWN_TIMEOUT')?.default)
    expect(duration.parse(coatcheck.stop_grace_period)).toBeGreaterThan(takes)
  })

  it('starts it when its stores answer', () => {
    expect(coatcheck.depends_on).toEqual({
      redis: { condition: 'service_healthy' },
      postgres: { condition: 'service_healthy' },
    })
    for (const { healthcheck } of [redis, postgres]) expect(healthcheck.test[0]).toBe('CMD')
  })

  it('has the Redis that docs/sessions.md asks for', () => {
    expect(redis.command.join(' ')).toMatch(/--appendonly yes.*--maxmemory-policy noeviction/)
  })

  it('loses nothing when containers are replaced', () => {
    for (const { volumes: mounted } of Object.values(services))
      for (const mount of mounted) expect(volumes).toHaveProperty([mount.split(':')[0] as string])
  })
})
