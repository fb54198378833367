import { describe, expect, it } from '@jest/globals'
import { readConfig } from '../../src/config/read-config.ts'
import { configOf, filesWith, inProduction, onLoopback, problemsOf } from './environment.ts'

describe('the configuration', () => {
  it('has the documented defaults', () => {
    expect(configOf(onLoopback)).toEqual({
      public: { origin: 'http://localhost:3000', host: 'localhost:3000', secure: false, loopback: true },
      listen: { port: 3000, host: '127.0.0.1' },
      trustProxy: [],
      dataDir: './data',
      session: {
        secrets: undefined,
        idleTimeoutMs: 24 * 3_600_000,
        absoluteTimeoutMs: 14 * 86_400_000,
        cookieName: 'session',
        sameSite: 'strict',
        limit: 20,
      },
      redis: undefined,
      signup: { mode: 'form', schemaPath: undefined, timeoutMs: 30 * 60_000 },
      database: { kind: 'sqlite', path: 'data/users.sqlite' },
      providers: [
        {
          id: 'google',
          name: undefined,
          clientId: 'id',
          clientSecret: 'a-client-secret',
          scope: undefined,
          issuer: undefined,
          endpoints: {},
        },
      ],
      kakaoAdminKey: undefined,
      routes: [],
      serviceToken: {
        issuer: 'http://localhost:3000',
        audience: 'http://localhost:3000',
        lifetimeMs: 300_000,
        keysPath: undefined,
        secret: undefined,
      },
      tokenExchange: undefined,
      spa: { dir: undefined, devUrl: undefined, homePath: '/', loginPath: '/login', signupPath: '/signup' },
      contentSecurityPolicy: undefined,
      rateLimit: { requests: 300, windowMs: 60_000 },
      ops: { port: undefined, host: '127.0.0.1' },
      log: { level: 'info', format: 'json' },
      workers: 1,
      shutdownTimeoutMs: 10_000,
    })
  })

  it('is frozen all the way down', () => {
    const config = configOf({
      ...onLoopback,
      API_URL: 'http://127.0.0.1:8080',
      CONTENT_SECURITY_POLICY: "img-src 'self'",
    })
    const writable: string[] = []
    const visit = (value: unknown, path: string) => {
      if (typeof value !== 'object' || value === null) return
      if (!Object.isFrozen(value)) writable.push(path)
      const inside = value instanceof Map ? [...value] : Object.entries(value)
      for (const [key, inner] of inside) visit(inner, `${path}.${key}`)
    }
    visit(config, 'config')
    expect(writable).toEqual([])
    const policy = config.contentSecurityPolicy as Map<string, readonly string[]>
    expect(() => policy.set('img-src', ['*'])).toThrow(TypeError)
    expect(() => policy.clear()).toThrow(TypeError)
  })

  it('counts an empty variable as not set', () => {
    expect(configOf({ ...onLoopback, REDIS_URL: '', PORT: '', SPA_DIR: '' }).listen.port).toBe(3000)
  })

  it('tells ten kinds of mistakes at once, a line each: variable, what is wrong, an example', () => {
    const env = {
      PUBLIC_URL: 'http://app.example.com',
      PORT: '99999',
      SESSION_SECRET: 'short-secret',
      REDIS_URL: 'http://redis',
      SESSION_IDLE_TIMEOUT: '5 minutes',
      PROVIDERS: 'kakao,corp',
      KAKAO_CLIENT_ID: 'id',
      CORP_CLIENT_ID: 'id',
      CORP_CLIENT_SECRET: 'corp-secret',
      CORP_ISSUER: 'http://login.corp.example',
      API_ROUTES: '[{"path":"/auth/x","target":"ftp://api"}]',
      RATE_LIMIT: 'many',
      CONTENT_SECURITY_POLICY: 'image-src *',
      WORKERS: '0',
    }
    const problems = problemsOf(env)
    expect(problems.map((line) => line.split(':')[0])).toEqual([
      'PUBLIC_URL',
      'WORKERS',
      'PORT',
      'SESSION_SECRET',
      'SESSION_IDLE_TIMEOUT',
      'REDIS_URL',
      'KAKAO_CLIENT_SECRET',
      'CORP_ISSUER',
      'API_ROUTES',
      'API_ROUTES',
      'CONTENT_SECURITY_POLICY',
      'RATE_LIMIT',
    ])
    for (const line of problems) expect(line).toMatch(/^([A-Z_]+): [^\n]+; for example \1=\S[^\n]*$/)
  })

  it('never says the value of a secret', () => {
    const secret = 'hunter2-hunter2'
    const problems = problemsOf({
      PUBLIC_URL: `https://u:${secret}@app.example.com/x`,
      PROVIDERS: 'google',
      GOOGLE_CLIENT_ID: 'id',
      GOOGLE_CLIENT_SECRET: `${secret}\n`,
      SESSION_SECRET: secret,
      SERVICE_TOKEN_SECRET: secret,
      REDIS_URL: `http://:${secret}@redis`,
      DATABASE_URL: `mysql://u:${secret}@db`,
      API_URL: `http://u:${secret}@api`,
      TOKEN_EXCHANGE_URL: `http://u:${secret}@exchange`,
      TOKEN_EXCHANGE_CLIENT_SECRET: `${secret}\u0000`,
      KAKAO_ADMIN_KEY: `${secret}\u0001`,
    })
    expect(problems.length).toBeGreaterThan(9)
    expect(problems.join('\n')).not.toContain(secret)
  })

  it('judges what is missing by where it is to run, even if PUBLIC_URL is wrong', () => {
    const names = problemsOf({ ...onLoopback, PUBLIC_URL: 'http://app.example.com' }).map(
      (line) => line.split(':')[0],
    )
    expect(names).toEqual(['PUBLIC_URL', 'SESSION_SECRET', 'REDIS_URL'])
  })

  it('does not blame one mistake twice', () => {
    const idleProblems = problemsOf({
      ...onLoopback,
      SESSION_ABSOLUTE_TIMEOUT: '1h',
      SESSION_IDLE_TIMEOUT: 'x',
    })
    expect(idleProblems).toHaveLength(1)
    expect(problemsOf({ ...inProduction, PUBLIC_URL: 'app.example.com' })).toHaveLength(1)
  })
})

describe('what is required', () => {
  it.each([
    ['PROVIDERS', { PROVIDERS: undefined }],
    ['GOOGLE_CLIENT_ID', { GOOGLE_CLIENT_ID: undefined }],
    ['GOOGLE_CLIENT_SECRET', { GOOGLE_CLIENT_SECRET: undefined }],
    ['REDIS_URL', { REDIS_URL: undefined }],
    ['SESSION_SECRET', { SESSION_SECRET: undefined }],
    ['SERVICE_TOKEN_KEYS', { API_URL: 'http://api:8080' }],
    [
      'TOKEN_EXCHANGE_URL',
      {
        API_URL: 'http://api:8080',
        API_TOKEN: 'exchange',
        TOKEN_EXCHANGE_CLIENT_ID: 'c',
        TOKEN_EXCHANGE_CLIENT_SECRET: 's',
      },
    ],
  ])('%s, off loopback', (name, change) => {
    expect(problemsOf({ ...inProduction, ...change })).toEqual([
      expect.stringMatching(`^${name}: is required`),
    ])
  })

  it('is no more than the providers on loopback', () => {
    expect(problemsOf({ ...onLoopback, API_URL: 'http://127.0.0.1:1' })).toEqual([])
  })

  it('no service token keys where no route’s token is service', () => {
    expect(problemsOf({ ...inProduction, API_URL: 'http://api:8080', API_TOKEN: 'provider' })).toEqual([])
    const open = '[{"path":"/open","target":"http://api","auth":"none"}]'
    expect(problemsOf({ ...inProduction, API_ROUTES: open })).toEqual([])
    const secret = { SERVICE_TOKEN_SECRET: 'y'.repeat(32) }
    expect(problemsOf({ ...inProduction, ...secret, API_URL: 'http://api:8080' })).toEqual([])
  })

  it('Redis for more than one worker, on loopback too', () => {
    expect(problemsOf({ ...onLoopback, WORKERS: '2' })).toEqual([
      expect.stringMatching(/^REDIS_URL: is required/),
    ])
    expect(configOf({ ...onLoopback, WORKERS: '2', REDIS_URL: 'redis://localhost' }).workers).toBe(2)
  })
})

describe('the variables', () => {
  it.each([
    ['PUBLIC_URL', 'http://localhost/app'],
    ['PUBLIC_URL', 'http://localhost?x'],
    ['PUBLIC_URL', 'ftp://localhost'],
    ['PUBLIC_URL', 'localhost:3000'],
    ['PUBLIC_URL', 'http://u:p@localhost'],
    ['PORT', '65536'],
    ['PORT', '3e3'],
    ['PORT', '-1'],
    ['HOST', 'http://0.0.0.0'],
    ['TRUST_PROXY', 'proxy.internal'],
    ['TRUST_PROXY', '10.0.0.0/33'],
    ['TRUST_PROXY', '10.0.0.1,'],
    ['TRUST_PROXY', '::1/129'],
    ['SESSION_SECRET', 'x'.repeat(31)],
    // As printed by a problem line, and pasted where no shell runs it.
    ['SESSION_SECRET', '$(npx coatcheck keygen --secret)'],
    ['SERVICE_TOKEN_SECRET', '"$(npx coatcheck keygen --secret)"'],
    ['SESSION_SECRET', `${'x'.repeat(32)},${'y'.repeat(31)}`],
    ['SESSION_IDLE_TIMEOUT', '15d'],
    ['SESSION_IDLE_TIMEOUT', '1h30m'],
    ['SESSION_IDLE_TIMEOUT', '0s'],
    ['SESSION_IDLE_TIMEOUT', '90'],
    ['SESSION_IDLE_TIMEOUT', '1.5h'],
    ['SESSION_COOKIE_NAME', '__Host-session'],
    ['SESSION_COOKIE_NAME', 'a b'],
    ['SESSION_COOKIE_NAME', 'login-x'],
    ['SESSION_COOKIE_SAMESITE', 'none'],
    ['SESSION_LIMIT', '0'],
    ['REDIS_URL', 'redis:'],
    ['REDIS_URL', 'redis://h/x'],
    ['REDIS_MODE', 'ring'],
    ['SIGNUP', 'open'],
    ['SIGNUP_SCHEMA', 'missing.json'],
    ['SIGNUP_TIMEOUT', '30d'],
    ['DATABASE_URL', 'mysql://db'],
    ['DATABASE_URL', 'sqlite:'],
    ['PROVIDERS', 'google,google'],
    ['PROVIDERS', 'Google'],
    ['PROVIDERS', 'google,'],
    ['API_URL', 'api.internal'],
    ['API_URL', 'http://api?x=1'],
    ['UPSTREAM_TIMEOUT', '30'],
    ['API_TOKEN', 'jwt'],
    ['SERVICE_TOKEN_SECRET', 'x'.repeat(31)],
    ['SERVICE_TOKEN_KEYS', 'missing.json'],
    ['SERVICE_TOKEN_LIFETIME', '30s'],
    ['TOKEN_EXCHANGE_URL', 'http://sts.example.com/token'],
    ['SPA_DIR', './missing'],
    ['SPA_HOME_PATH', '//evil.example'],
    ['SPA_LOGIN_PATH', 'https://login.example'],
    ['SPA_LOGIN_PATH', '/auth/login'],
    ['SPA_SIGNUP_PATH', '/.//evil'],
    ['SPA_SIGNUP_PATH', '/a\\b'],
    ['RATE_LIMIT', '300'],
    ['RATE_LIMIT', '0/1m'],
    ['OPS_PORT', 'x'],
    ['OPS_PORT', '3000'],
    ['LOG_LEVEL', 'verbose'],
    ['LOG_FORMAT', 'text'],
    ['WORKERS', 'auto'],
    ['SHUTDOWN_TIMEOUT', '25d'],
    ['GOOGLE_ISSUER', 'http://accounts.example.com'],
    ['GOOGLE_TOKEN_ENDPOINT', 'http://accounts.example.com/token'],
    ['GOOGLE_JWKS_URI', 'http://127.0.0.1.example.com/keys'],
    ['GOOGLE_SCOPE', 'openid  email'],
  ])('%s=%s is refused', (name, value) => {
    const problems = problemsOf({ ...onLoopback, [name]: value })
    expect(problems).toEqual([expect.stringMatching(`^${name}: `)])
  })

  it.each([
    ['http://localhost:3000', 'http://localhost:3000', true, false],
    ['https://localhost', 'https://localhost', true, true],
    ['http://shop.localhost/', 'http://shop.localhost', true, false],
    ['http://127.1.2.3:80', 'http://127.1.2.3', true, false],
    ['http://[::1]:8080', 'http://[::1]:8080', true, false],
    ['https://App.Example.com:443', 'https://app.example.com', false, true],
  ])('PUBLIC_URL=%s is the origin %s', (value, origin, loopback, secure) => {
    const config = configOf({ ...inProduction, PUBLIC_URL: value })
    expect(config.public).toEqual({ origin, host: new URL(origin).host, loopback, secure })
  })

  it.each([
    ['500ms', 500],
    ['30s', 30_000],
    ['15m', 900_000],
    ['12h', 43_200_000],
    ['14d', 1_209_600_000],
  ])('%s is a duration', (value, ms) => {
    expect(configOf({ ...onLoopback, SESSION_IDLE_TIMEOUT: value }).session.idleTimeoutMs).toBe(ms)
  })

  it('a list of secrets is newest first', () => {
    const [newer, older] = ['n'.repeat(32), 'o'.repeat(40)]
    expect(configOf({ ...onLoopback, SESSION_SECRET: `${newer}, ${older}` }).session.secrets).toEqual([
      newer,
      older,
    ])
  })

  it.each(['http://localhost.example.com', 'http://128.0.0.1', 'http://app.example.com'])(
    'PUBLIC_URL=%s is not on loopback, and must be https',
    (PUBLIC_URL) => {
      const problems = problemsOf({ ...inProduction, PUBLIC_URL })
      expect(problems).toEqual([expect.stringMatching(/^PUBLIC_URL: must be https/)])
    },
  )

  it('RATE_LIMIT=off limits nothing', () => {
    expect(configOf({ ...onLoopback, RATE_LIMIT: 'off' }).rateLimit).toBeUndefined()
    expect(configOf({ ...onLoopback, RATE_LIMIT: '5/10s' }).rateLimit).toEqual({
      requests: 5,
      windowMs: 10_000,
    })
  })

  it('DATABASE_URL is PostgreSQL or a file', () => {
    const databaseOf = (DATABASE_URL: string) => configOf({ ...onLoopback, DATABASE_URL }).database
    expect(databaseOf('sqlite:/tmp/u.db')).toEqual({ kind: 'sqlite', path: '/tmp/u.db' })
    expect(databaseOf('sqlite:///tmp/u.db')).toEqual({ kind: 'sqlite', path: '/tmp/u.db' })
    expect(databaseOf('postgres://u:p@db/x')).toEqual({ kind: 'postgres', url: 'postgres://u:p@db/x' })
    expect(databaseOf('postgresql://db/x')).toEqual({ kind: 'postgres', url: 'postgresql://db/x' })
  })

  it('SPA_DIR has an index.html, and excludes SPA_DEV_URL', () => {
    const built = { 'web/dist/index.html': '<html>' }
    expect(configOf({ ...onLoopback, SPA_DIR: './web/dist' }, built).spa.dir).toBe('./web/dist')
    const both = { ...onLoopback, SPA_DIR: 'web/dist', SPA_DEV_URL: 'http://localhost:5173' }
    expect(problemsOf(both, built)).toEqual([expect.stringMatching(/^SPA_DEV_URL: .*SPA_DIR/)])
  })

  it('SPA_DEV_URL is for loopback only', () => {
    const env = { ...inProduction, SPA_DEV_URL: 'http://localhost:5173' }
    expect(problemsOf(env)).toEqual([expect.stringMatching(/^SPA_DEV_URL: /)])
  })

  it('a login page on a route that needs a session is refused', () => {
    const route = { path: '/app', target: 'http://127.0.0.1:1' }
    const env = { ...onLoopback, SPA_LOGIN_PATH: '/app/login' }
    expect(problemsOf({ ...env, API_ROUTES: JSON.stringify([route]) })).toEqual([
      expect.stringMatching(/^SPA_LOGIN_PATH: /),
    ])
    expect(problemsOf({ ...env, API_ROUTES: JSON.stringify([{ ...route, auth: 'none' }]) })).toEqual([])
  })

  it('a key file holds private keys', () => {
    const env = { ...onLoopback, SERVICE_TOKEN_KEYS: 'keys.json' }
    const privateKey = { kty: 'EC', crv: 'P-256', x: 'x', y: 'y', d: 'd' }
    const { d: _, ...publicKey } = privateKey
    expect(configOf(env, { 'keys.json': JSON.stringify({ keys: [privateKey] }) }).serviceToken.keysPath).toBe(
      'keys.json',
    )
    for (const content of ['{"keys":[]}', JSON.stringify({ keys: [publicKey] }), '[]', 'secret {'])
      expect(problemsOf(env, { 'keys.json': content })).toEqual([
        expect.stringMatching(/^SERVICE_TOKEN_KEYS: /),
      ])
  })

  it('a key file and a shared secret exclude each other', () => {
    const keys = JSON.stringify({ keys: [{ kty: 'EC', d: 'd' }] })
    const env = { ...onLoopback, SERVICE_TOKEN_KEYS: 'keys.json', SERVICE_TOKEN_SECRET: 'y'.repeat(32) }
    expect(problemsOf(env, { 'keys.json': keys })).toEqual([expect.stringMatching(/^SERVICE_TOKEN_SECRET: /)])
  })
})

it('lets the default idle timeout give way to a shorter absolute one', () => {
  const { session } = configOf({ ...onLoopback, SESSION_ABSOLUTE_TIMEOUT: '12h' })
  expect([session.idleTimeoutMs, session.absoluteTimeoutMs]).toEqual([43_200_000, 43_200_000])
  const written = { SESSION_IDLE_TIMEOUT: '24h', SESSION_ABSOLUTE_TIMEOUT: '12h' }
  expect(problemsOf({ ...onLoopback, ...written })).toEqual([
    expect.stringMatching(/^SESSION_IDLE_TIMEOUT: /),
  ])
})

describe('Redis', () => {
  it('is a list only with a mode', () => {
    const REDIS_URL = 'redis://a:1, redis://b:2'
    expect(problemsOf({ ...onLoopback, REDIS_URL })).toEqual([expect.stringMatching(/^REDIS_MODE: /)])
    expect(configOf({ ...onLoopback, REDIS_URL, REDIS_MODE: 'cluster' }).redis).toEqual({
      mode: 'cluster',
      urls: ['redis://a:1', 'redis://b:2'],
      sentinelMaster: undefined,
      prefix: 'coatcheck:',
      timeoutMs: 250,
    })
  })

  it('behind sentinels needs the name of its master', () => {
    const env = { ...onLoopback, REDIS_URL: 'redis://s:26379', REDIS_MODE: 'sentinel' }
    expect(problemsOf(env)).toEqual([expect.stringMatching(/^REDIS_SENTINEL_MASTER: is required/)])
    expect(configOf({ ...env, REDIS_SENTINEL_MASTER: 'mymaster' }).redis?.sentinelMaster).toBe('mymaster')
  })

  it('as a cluster has no database numbers', () => {
    const env = { ...onLoopback, REDIS_MODE: 'cluster' }
    expect(problemsOf({ ...env, REDIS_URL: 'redis://a/1' })).toEqual([expect.stringMatching(/^REDIS_URL: /)])
    expect(problemsOf({ ...env, REDIS_URL: 'redis://a/0' })).toEqual([])
  })
})

describe('providers', () => {
  it('bring variables of their own, in the order of PROVIDERS', () => {
    const { providers } = configOf({
      PROVIDERS: 'my-corp, naver',
      MY_CORP_CLIENT_ID: 'c',
      MY_CORP_CLIENT_SECRET: 's',
      MY_CORP_ISSUER: 'https://login.corp.example/tenant/',
      MY_CORP_SCOPE: 'openid email',
      MY_CORP_NAME: '우리 회사',
      MY_CORP_JWKS_URI: 'http://127.0.0.1:9/keys',
      NAVER_CLIENT_ID: 'n',
      NAVER_CLIENT_SECRET: 'ns',
    })
    expect(providers.map(({ id }) => id)).toEqual(['my-corp', 'naver'])
    expect(providers[0]).toEqual({
      id: 'my-corp',
      name: '우리 회사',
      clientId: 'c',
      clientSecret: 's',
      scope: 'openid email',
      issuer: 'https://login.corp.example/tenant/',
      endpoints: { jwks: 'http://127.0.0.1:9/keys' },
    })
  })

  it('other than the presets need an issuer', () => {
    const env = { PROVIDERS: 'corp', CORP_CLIENT_ID: 'c', CORP_CLIENT_SECRET: 's' }
    expect(problemsOf(env)).toEqual([expect.stringMatching(/^CORP_ISSUER: is required/)])
  })

  it('cannot take another setting’s variables as theirs', () => {
    const env = { SERVICE_TOKEN_ISSUER: 'https://app.example.com' }
    const problems = problemsOf({ ...env, PROVIDERS: 'service-token' })
    expect(problems).toEqual([expect.stringMatching(/^PROVIDERS: /)])
  })
})

describe('warnings', () => {
  const warningsOf = (env: Readonly<Record<string, string>>) =>
    readConfig({ ...onLoopback, ...env }, filesWith()).warnings

  it('say when it listens beyond loopback', () => {
    expect(warningsOf({ HOST: '0.0.0.0' })).toEqual([expect.stringMatching(/^HOST: /)])
    expect(warningsOf({ HOST: '::1' })).toEqual([])
    const behindProxy = { ...inProduction, HOST: '0.0.0.0', TRUST_PROXY: '10.0.0.0/8' }
    expect(readConfig(behindProxy, filesWith()).warnings).toEqual([])
  })

  it('say when the proxy in front is not named', () => {
    expect(readConfig(inProduction, filesWith()).warnings).toEqual([expect.stringMatching(/^TRUST_PROXY: /)])
  })

  it('say when everybody’s X-Forwarded-For is believed', () => {
    expect(warningsOf({ TRUST_PROXY: '0.0.0.0/0' })).toEqual([expect.stringMatching(/^TRUST_PROXY: /)])
  })

  it.each([
    ['SESSION_IDLE_TIMOUT', 'SESSION_IDLE_TIMEOUT'],
    ['REDIS_URI', 'REDIS_URL'],
    ['GOGOLE_SCOPE', 'GOOGLE_SCOPE'],
    ['WORKER', 'WORKERS'],
    ['API_ROUTESS', 'API_ROUTES'],
  ])('say that %s is not %s', (name, meant) => {
    expect(warningsOf({ [name]: 'x' })).toEqual([expect.stringContaining(meant)])
  })

  it('leave other programs’ variables alone', () => {
    const others = {
      SESSION_MANAGER: 'x',
      GOOGLE_CLOUD_PROJECT: 'x',
      REDIS_PORT_6379_TCP: 'x',
      POST: 'x',
      LOGNAME: 'x',
    }
    expect(warningsOf(others)).toEqual([])
  })
})
