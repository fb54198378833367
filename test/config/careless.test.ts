import { describe, expect, it } from '@jest/globals'
import { readConfig } from '../../src/config/read-config.ts'
import { filesWith, inProduction, onLoopback, problemsOf, warningsOf } from './environment.ts'

const careful = { ...inProduction, TRUST_PROXY: '10.0.0.0/8' }
const secret = 'h3Vb9Qm1Zx7Kt5Wd2Rf8Np4Lc6Js0GyTa'
const route = (more: object) => JSON.stringify([{ path: '/api', target: 'https://api.internal', ...more }])
const withRoute = (more: object) => ({ API_ROUTES: route(more), SERVICE_TOKEN_SECRET: secret })

it('says nothing of a careful configuration', () => {
  expect([...problemsOf(careful), ...warningsOf(careful)]).toEqual([])
})

describe('a configuration that works and is careless gets a warning', () => {
  it.each<[string, Record<string, string>, RegExp]>([
    ['a secret of one letter', { SESSION_SECRET: 'x'.repeat(40) }, /^SESSION_SECRET: is easy to guess/],
    ['of two letters', { SESSION_SECRET: 'ab'.repeat(20) }, /^SESSION_SECRET: is easy to guess/],
    ['of a word, repeated', { SESSION_SECRET: 'correcthorse'.repeat(3) }, /^SESSION_SECRET: /],
    ['changeme', { SESSION_SECRET: 'changeme-changeme-changeme-please' }, /^SESSION_SECRET: /],
    ['an old one that is weak', { SESSION_SECRET: `${secret},${'z'.repeat(32)}` }, /^SESSION_SECRET: /],
    ['change-me for a client', { GOOGLE_CLIENT_SECRET: 'change-me' }, /^GOOGLE_CLIENT_SECRET: /],
    ['a template’s word', { GOOGLE_CLIENT_SECRET: 'your-client-secret' }, /^GOOGLE_CLIENT_SECRET: /],
    ['a weak token secret', { SERVICE_TOKEN_SECRET: '0123456789'.repeat(4) }, /^SERVICE_TOKEN_SECRET: /],
    [
      'a database’s default password',
      { DATABASE_URL: 'postgres://u:postgres@db/x?sslmode=require' },
      /^DATABASE_URL: is easy/,
    ],
    ['Redis without a password', { REDIS_URL: 'rediss://redis.internal' }, /^REDIS_URL: has no password/],
    ['Redis without TLS', { REDIS_URL: 'redis://u:kV9tLm2Q@redis.internal' }, /^REDIS_URL: is not encrypted/],
    [
      'PostgreSQL without TLS',
      { DATABASE_URL: 'postgres://u:Tz4hWq8N@db/x' },
      /^DATABASE_URL: is not encrypted/,
    ],
    [
      'PostgreSQL, TLS disabled',
      { DATABASE_URL: 'postgres://u:Tz4hWq8N@db/x?sslmode=disable' },
      /^DATABASE_URL: /,
    ],
    [
      'PostgreSQL, not verified',
      { DATABASE_URL: 'postgres://u:Tz4hWq8N@db/x?sslmode=no-verify' },
      /^DATABASE_URL: /,
    ],
    [
      'no DATABASE_URL',
      { DATABASE_URL: '' },
      /^DATABASE_URL: users live in data\/users\.sqlite of this one instance/,
    ],
    [
      'a SQLite file by name',
      { DATABASE_URL: 'sqlite:/srv/u.db' },
      /^DATABASE_URL: users live in \/srv\/u\.db of/,
    ],
    ['everybody’s X-Forwarded-For', { TRUST_PROXY: '0.0.0.0/0' }, /^TRUST_PROXY: believes/],
    ['everybody’s, in two halves', { TRUST_PROXY: '0.0.0.0/1,128.0.0.0/1' }, /^TRUST_PROXY: believes/],
    ['everybody’s by IPv6', { TRUST_PROXY: '::/0' }, /^TRUST_PROXY: believes/],
    ['everybody’s, mapped', { TRUST_PROXY: '::ffff:0.0.0.0/96' }, /^TRUST_PROXY: believes/],
    ['no rate limit', { RATE_LIMIT: 'off' }, /^RATE_LIMIT: is off/],
    ['one that limits nothing', { RATE_LIMIT: '5000000/1m' }, /^RATE_LIMIT: allows/],
    ['a token for a year', { SERVICE_TOKEN_LIFETIME: '365d' }, /^SERVICE_TOKEN_LIFETIME: /],
    ['a session for years', { SESSION_ABSOLUTE_TIMEOUT: '730d' }, /^SESSION_ABSOLUTE_TIMEOUT: /],
    [
      'scripts in the page',
      { CONTENT_SECURITY_POLICY: "script-src 'self' 'unsafe-inline'" },
      /^CONTENT_SECURITY_POLICY: script-src/,
    ],
    [
      'styles in the page',
      { CONTENT_SECURITY_POLICY: "style-src 'Unsafe-Inline'" },
      /^CONTENT_SECURITY_POLICY: style-src/,
    ],
    ['eval', { CONTENT_SECURITY_POLICY: "script-src 'unsafe-eval'" }, /^CONTENT_SECURITY_POLICY: /],
    [
      'any server’s scripts',
      { CONTENT_SECURITY_POLICY: 'script-src https:' },
      /^CONTENT_SECURITY_POLICY: script-src/,
    ],
    [
      'scripts in addresses',
      { CONTENT_SECURITY_POLICY: "script-src 'self' data:" },
      /^CONTENT_SECURITY_POLICY: /,
    ],
    [
      'any page’s frames',
      { CONTENT_SECURITY_POLICY: 'frame-ancestors *' },
      /^CONTENT_SECURITY_POLICY: frame-ancestors/,
    ],
    [
      'any https page’s frames',
      { CONTENT_SECURITY_POLICY: 'frame-ancestors https:' },
      /^CONTENT_SECURITY_POLICY: /,
    ],
    ['tokens by http', withRoute({ target: 'http://api.internal' }), /^API_ROUTES: route "\/api": its token/],
    ['a path twice', withRoute({ target: 'https://api.internal/api' }), /\/api\/api\/x/],
    ['a path twice, with a slash', withRoute({ target: 'https://api.internal/v1/api/' }), /\/api\/api\/x/],
  ])('%s', (_, change, expected) => {
    const env = { ...careful, ...change }
    expect(problemsOf(env)).toEqual([])
    expect(warningsOf(env)).toEqual([expect.stringMatching(expected)])
    for (const [name, value] of Object.entries(change))
      if (/SECRET/.test(name)) expect(warningsOf(env).join()).not.toContain(value)
  })

  it('API_URL with the path that the route has already', () => {
    const env = { ...onLoopback, API_URL: 'http://127.0.0.1:8080/api' }
    expect(warningsOf(env)).toEqual([expect.stringContaining('arrives at /api/api/x')])
  })

  it('a key file that every user can read', () => {
    const keys = JSON.stringify({ keys: [{ kty: 'EC', d: 'd' }] })
    const warningsWith = (mode: number, path = '/etc/keys.json') =>
      readConfig(
        { ...careful, SERVICE_TOKEN_KEYS: path },
        { ...filesWith({ [path]: keys }), mode: () => mode },
      ).warnings
    expect(warningsWith(0o644)).toEqual([expect.stringMatching(/^SERVICE_TOKEN_KEYS: .*\/etc\/keys\.json/)])
    expect([
      ...warningsWith(0o600),
      ...warningsWith(0o440),
      ...warningsWith(0o444, '/run/secrets/keys'),
    ]).toEqual([])
  })
})

describe('what is careful gets no warning', () => {
  it.each<[string, Record<string, string>]>([
    ['Redis on this machine', { REDIS_URL: 'redis://127.0.0.1:6379' }],
    ['PostgreSQL on this machine', { DATABASE_URL: 'postgres://localhost/x' }],
    ['PostgreSQL by a socket', { DATABASE_URL: 'postgres:///x?host=/var/run/postgresql' }],
    ['an API on this machine', withRoute({ target: 'http://127.0.0.1:8080' })],
    ['an API that gets no token', withRoute({ target: 'http://api.internal', token: 'none' })],
    ['a path taken off', withRoute({ target: 'https://api.internal/api', stripPrefix: true })],
    ['the private networks', { TRUST_PROXY: '10.0.0.0/8,fc00::/7,::ffff:10.0.0.0/104' }],
    [
      'images of any server',
      { CONTENT_SECURITY_POLICY: 'img-src * data:; frame-ancestors https://a.example' },
    ],
  ])('%s', (_, change) => {
    expect([...problemsOf({ ...careful, ...change }), ...warningsOf({ ...careful, ...change })]).toEqual([])
  })

  it('placeholders for simulated providers, on loopback', () => {
    expect(warningsOf({ ...onLoopback, GOOGLE_CLIENT_SECRET: 'x' })).toEqual([])
  })
})

describe('one secret for two purposes is refused', () => {
  it.each<[string, Record<string, string>, string]>([
    [
      'sessions and tokens',
      { SERVICE_TOKEN_SECRET: inProduction['SESSION_SECRET'] as string },
      'SERVICE_TOKEN_SECRET',
    ],
    [
      'an old one of sessions',
      {
        SESSION_SECRET: `${secret},${inProduction['SESSION_SECRET']}`,
        SERVICE_TOKEN_SECRET: inProduction['SESSION_SECRET'] as string,
      },
      'SERVICE_TOKEN_SECRET',
    ],
    [
      'sessions and a provider',
      { GOOGLE_CLIENT_SECRET: inProduction['SESSION_SECRET'] as string },
      'GOOGLE_CLIENT_SECRET',
    ],
    [
      'sessions and the database',
      { DATABASE_URL: `postgres://u:${inProduction['SESSION_SECRET']}@db/x?sslmode=require` },
      'DATABASE_URL',
    ],
    ['tokens and Redis', { SERVICE_TOKEN_SECRET: secret, REDIS_URL: `rediss://:${secret}@r` }, 'REDIS_URL'],
  ])('%s', (_, change, name) => {
    expect(problemsOf({ ...careful, ...change })).toEqual([
      expect.stringMatching(`^${name}: must not be the same as (?:SESSION|SERVICE_TOKEN)_SECRET`),
    ])
  })

  it('but one client that is used for signing in and for the exchange has one secret', () => {
    const shared = 'GOCSPX-8fKq2nVw7TzLr3'
    const exchange = {
      TOKEN_EXCHANGE_URL: 'https://sts',
      TOKEN_EXCHANGE_CLIENT_ID: 'c',
      TOKEN_EXCHANGE_CLIENT_SECRET: shared,
    }
    expect(problemsOf({ ...careful, ...exchange })).toEqual([])
  })
})

it.each(['TRACE', 'trace', 'TRACK'])('a route for %s, which would show the token, is refused', (method) => {
  expect(problemsOf({ ...careful, ...withRoute({ methods: ['GET', method] }) })).toEqual([
    expect.stringMatching(/^API_ROUTES: route "\/api": methods must not contain TRACE/),
  ])
})
