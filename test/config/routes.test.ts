import { describe, expect, it } from '@jest/globals'
import { configOf, onLoopback, problemsOf } from './environment.ts'

const target = 'http://127.0.0.1:8080'

function routesOf(...routes: readonly unknown[]) {
  return configOf({ ...onLoopback, API_ROUTES: JSON.stringify(routes) }).routes
}
function problemsWith(...routes: readonly unknown[]) {
  return problemsOf({ ...onLoopback, API_ROUTES: JSON.stringify(routes) })
}

describe('API_URL', () => {
  it('is short for one route at /api', () => {
    const routes = configOf({ ...onLoopback, API_URL: target }).routes
    expect(routes).toEqual(routesOf({ path: '/api', target }))
    expect(routes).toEqual([
      {
        path: '/api',
        target,
        auth: 'required',
        stripPrefix: false,
        methods: undefined,
        timeoutMs: 30_000,
        idleMs: 300_000,
        websocket: true,
        maxBodyBytes: undefined,
        cookies: 'none',
        setCookie: false,
        csrf: true,
        token: 'service',
        audience: 'http://localhost:3000',
        maxAuthAgeMs: undefined,
        sandbox: true,
      },
    ])
  })

  it('stands beside API_ROUTES, which may say /api in full', () => {
    const more = JSON.stringify([{ path: '/other', target }])
    expect(
      configOf({ ...onLoopback, API_URL: target, API_ROUTES: more }).routes.map(({ path }) => path),
    ).toEqual(['/api', '/other'])
    const full = JSON.stringify([{ path: '/api', target: 'http://127.0.0.1:9' }])
    const { routes } = configOf({ ...onLoopback, API_URL: target, API_ROUTES: full })
    expect(routes.map((route) => route.target)).toEqual(['http://127.0.0.1:9'])
  })
})

describe('API_ROUTES', () => {
  it('takes every field', () => {
    const [route] = routesOf({
      path: '/v1',
      target: 'https://api.example.com/base',
      auth: 'optional',
      stripPrefix: true,
      methods: ['get', 'POST'],
      timeout: '5s',
      idleTimeout: '1m',
      websocket: false,
      maxBody: '10mb',
      cookies: 'others',
      setCookie: true,
      csrf: true,
      token: 'provider',
      audience: 'orders',
      maxAuthAge: '15m',
      sandbox: false,
    })
    expect(route).toEqual({
      path: '/v1',
      target: 'https://api.example.com/base',
      auth: 'optional',
      stripPrefix: true,
      methods: ['GET', 'POST'],
      timeoutMs: 5000,
      idleMs: 60_000,
      websocket: false,
      maxBodyBytes: 10 * 1024 * 1024,
      cookies: 'others',
      setCookie: true,
      csrf: true,
      token: 'provider',
      audience: 'orders',
      maxAuthAgeMs: 900_000,
      sandbox: false,
    })
  })

  it('takes its defaults from UPSTREAM_TIMEOUT, API_TOKEN and SERVICE_TOKEN_AUDIENCE', () => {
    const [route] = configOf({
      ...onLoopback,
      API_URL: target,
      UPSTREAM_TIMEOUT: '1m',
      API_TOKEN: 'provider',
      SERVICE_TOKEN_AUDIENCE: 'api',
    }).routes
    expect(route).toMatchObject({ timeoutMs: 60_000, token: 'provider', audience: 'api' })
  })

  it('may be the path of a JSON file', () => {
    const env = { ...onLoopback, API_ROUTES: 'routes.json' }
    const files = { 'routes.json': JSON.stringify([{ path: '/x', target }]) }
    expect(configOf(env, files).routes.map(({ path }) => path)).toEqual(['/x'])
    expect(problemsOf(env)).toEqual([expect.stringMatching(/^API_ROUTES: .*ENOENT/)])
    expect(problemsOf(env, { 'routes.json': 'not json' })).toEqual([
      expect.stringContaining('/routes.json, which is not JSON: line 1, column 1: '),
    ])
  })

  it.each([
    ['{', 'must be JSON, and is not: line 1, column 2: the text ends too early'],
    ['{"path":"/x"}', 'array'],
    ['[7]', 'route 1: must be a JSON object'],
    ['["/x"]', 'route 1: must be a JSON object'],
  ])('%s: %s', (API_ROUTES, message) => {
    expect(problemsOf({ ...onLoopback, API_ROUTES })).toEqual([expect.stringContaining(message)])
  })

  it.each([
    [{ path: 'x' }, 'route "x": path'],
    [{ path: undefined }, 'route 1: path'],
    [{ path: '//x' }, 'path'],
    [{ path: '/a//b' }, 'path'],
    [{ path: '/a/../b' }, 'path'],
    [{ path: '/a/%2e%2e/b' }, 'path'],
    [{ path: '/a%2Fb' }, 'path'],
    [{ path: '/a%' }, 'path'],
    [{ path: '/a?b' }, 'path'],
    [{ path: '/a\nb' }, 'path'],
    [{ path: '/auth' }, 'path'],
    [{ path: '/auth/login' }, 'path'],
    [{ path: '/%61uth' }, 'path'],
    [{ path: '/.well-known' }, 'path'],
    [{ path: '/.well-known/x' }, 'path'],
    [{ path: '/healthz' }, 'path'],
    [{ path: '/readyz/' }, 'path'],
    [{ target: undefined }, 'target'],
    [{ target: 'ftp://x' }, 'target'],
    [{ target: '/x' }, 'target'],
    [{ target: 'http://x/?y' }, 'target'],
    [{ target: 'http://u:p@x' }, 'target'],
    [{ auth: 'maybe' }, 'auth'],
    [{ stripPrefix: 'yes' }, 'stripPrefix'],
    [{ methods: 'GET' }, 'methods'],
    [{ methods: [] }, 'methods'],
    [{ methods: ['G T'] }, 'methods'],
    [{ methods: ['CONNECT'] }, 'methods'],
    [{ timeout: 30 }, 'timeout'],
    [{ timeout: '30' }, 'timeout'],
    [{ websocket: 1 }, 'websocket'],
    [{ maxBody: '10' }, 'maxBody'],
    [{ cookies: 'all' }, 'cookies'],
    [{ setCookie: null }, 'setCookie'],
    [{ csrf: false }, 'csrf'],
    [{ csrf: false, auth: 'optional' }, 'csrf'],
    [{ token: 'jwt' }, 'token'],
    [{ audience: '' }, 'audience'],
    [{ maxAuthAge: '1x' }, 'maxAuthAge'],
    [{ maxAuthAge: '1m', auth: 'none' }, 'maxAuthAge'],
    [{ sandbox: 'no' }, 'sandbox'],
    [{ Auth: 'none' }, '"Auth" is not a field'],
  ])('with %j names the route and the field', (change, message) => {
    const problems = problemsWith({ path: '/x', target, ...change })
    expect(problems).toEqual([expect.stringMatching(/^API_ROUTES: route /)])
    expect(problems[0]).toContain(message)
    expect(problems[0]).not.toContain('\n')
  })

  it('lets csrf be false with auth none', () => {
    expect(routesOf({ path: '/hook', target, auth: 'none', csrf: false })[0]?.csrf).toBe(false)
  })

  it('refuses the same path twice, however it is written', () => {
    expect(problemsWith({ path: '/x', target }, { path: '/%78/', target })).toEqual([
      expect.stringContaining('"/x": path is there twice'),
    ])
  })

  it('keeps paths as requests have them once decoded', () => {
    const routes = routesOf(
      { path: '/', target },
      { path: '/x/', target },
      { path: '/%ED%95%9C', target },
      { path: '/authors', target },
    )
    expect(routes.map(({ path }) => path)).toEqual(['/', '/x', '/한', '/authors'])
  })

  it('sends no token where nobody is looked at', () => {
    expect(routesOf({ path: '/x', target, auth: 'none', token: 'exchange' })[0]?.token).toBe('none')
  })
})
