import { describe, expect, it } from '@jest/globals'
import { createRouteTable, upstreamPath, withoutPrefix } from '../../src/proxy/route-table.ts'

const table = createRouteTable(['/api', '/api/v2', '/files', '/한글', '/a b'].map((path) => ({ path })))

function found(target: string): string {
  const route = table.find(target)
  return typeof route === 'object' ? route.path : (route ?? 'none')
}

describe('the route of a target', () => {
  it.each([
    ['/api', '/api'],
    ['/api/', '/api'],
    ['/api?x', '/api'],
    ['/api/x', '/api'],
    ['/api/v2', '/api/v2'],
    ['/api/v2/x?/api/../y', '/api/v2'],
    ['/api/v20', '/api'],
    ['/api/v20%2Fx', '/api'],
    ['/api/v2/a%2Fb;c', '/api/v2'],
    ['/%61pi/x', '/api'],
    ['/a%70i/%76%32/x', '/api/v2'],
    ['/%ED%95%9C%EA%B8%80/x', '/한글'],
    ['/a%20b', '/a b'],
    ['/api/.hidden', '/api'],
    ['/api/a..b/...', '/api'],
    ['/api/a%2Fb', '/api'],
    ['/api/100%25', '/api'],
    ['/api/;v=1', '/api'],
    ['/api/~user/(x)', '/api'],
    ['/API', 'none'],
    ['/apis', 'none'],
    ['/api%2Fx', 'none'],
    ['/', 'none'],
    ['*', 'none'],
    ['/x/api', 'none'],
    ['/x/../y', 'none'],
    ['/x//y', 'none'],
    ['/;/api/y', 'none'],
    ['/auth/login', 'none'],
  ])('%s is %s', (target, path) => {
    expect(found(target)).toBe(path)
  })

  it.each([
    // dot segments, however they are spelled
    '/api/.',
    '/api/..',
    '/api/./x',
    '/api/../auth',
    '/api/%2e%2e/x',
    '/api/%2E',
    '/api/.%2e/x',
    '/api/%252e%252e/x',
    '/api/%25252e%25252e/x',
    '/api/..;/x',
    '/api/..;a=b/x',
    '/api/%2e%2e%3b/x',
    '/api/..%2fx',
    '/api/x%2f..%2fy',
    '/api/..%5cx',
    '/api/x%5c..%5cy',
    '/api/x%255c..%255cy',
    // leads into a route only once somebody resolves it
    '/x/../api/y',
    '/auth/../api/y',
    '/x/%2e%2e/api/y',
    '/./api/y',
    '/api%5cx/../..',
    '/api\\..\\x',
    '/\\api/x',
    // of one route to us, and of another to whoever decodes more, or cuts at `;`
    '/api/v2%2Fx',
    '/api/v2%252Fx',
    '/api/v2%5Cx',
    '/api/v2;a=b/x',
    '/api/v2%3B/x',
    '/api/%2576%2532/x',
    '/files/..%5c../api',
    // empty segments
    '/api//x',
    '/api/x//',
    '//api/x',
    '//evil.example/api/x',
    '///api',
    // marks that end a path elsewhere
    '/api/x#y',
    '/api/x?y#z',
    '/api/x\\y',
    // control characters
    '/api/%00',
    '/api/x%0d%0ay',
    '/api/%7f',
    '/api/%2500',
    // encodings that nobody can decode
    '/api/%',
    '/api/%2',
    '/api/%zz',
    '/api/%ff',
    '/api/%c0%ae%c0%ae/x',
    `/api/%${'25'.repeat(40)}2e`,
    // other forms than a path
    'http://evil.example/api/x',
    'https://app.example/api/x',
    'api/x',
    '?x',
    '',
  ])('%s is refused', (target) => {
    expect(found(target)).toBe('malformed')
  })

  it('is nothing without routes', () => {
    expect(createRouteTable([]).find('http://evil.example/')).toBeUndefined()
  })

  it("leaves coatcheck's own paths alone, also under a route at the root", () => {
    const all = createRouteTable([{ path: '/' }])
    for (const path of ['/auth', '/auth/login', '/.well-known/jwks.json', '/healthz', '/readyz', '/%61uth/x'])
      expect([path, all.find(path)]).toEqual([path, undefined])
    expect(all.find('/authx')).toEqual({ path: '/' })
    expect(all.find('/')).toEqual({ path: '/' })
  })

  it('answers in bounded time whatever it is asked', () => {
    const startedAt = performance.now()
    for (const part of ['%25', '%252e', '../', ';', '%5c', '//', '%'])
      table.find(`/api/${part.repeat(16_000 / part.length)}`)
    expect(performance.now() - startedAt).toBeLessThan(500)
  })
})

describe('a path that would fall on another route if case did not count', () => {
  const table = createRouteTable([{ path: '/api' }, { path: '/api/Transfers' }, { path: '/open' }])

  it.each([
    '/api/transfers',
    '/api/TRANSFERS/1',
    '/api/%74ransfers',
    '/api/transfers?x',
    '/api/tr%61nsfers;x',
  ])('%s is malformed: its upstream may not count case', (path) => expect(table.find(path)).toBe('malformed'))

  it.each([
    ['/api/Transfers/1', '/api/Transfers'],
    ['/api/transfersX', '/api'],
    ['/api/A/B', '/api'],
  ])('%s is on %s', (path, on) => expect(table.find(path)).toEqual({ path: on }))

  it('is a page where it falls on no route', () => {
    expect(table.find('/API/x')).toBeUndefined()
    expect(table.find('/Open')).toBeUndefined()
  })
})

describe('where a request goes below the upstream', () => {
  it.each([
    ['http://a/v1', '', '/v1'],
    ['http://a/v1', '?q', '/v1?q'],
    ['http://a/v1/', '', '/v1/'],
    ['http://a/v1/', '/x', '/v1/x'],
    ['http://a', '', '/'],
    ['http://a', '?q', '/?q'],
  ])('target %s and rest %p make %s', (target, rest, path) => {
    const upstream = new URL(target)
    expect(upstreamPath({ upstream, basePath: upstream.pathname.replace(/\/+$/, '') }, rest)).toBe(path)
  })
})

describe('stripping the prefix', () => {
  it.each([
    ['/api', '/api', ''],
    ['/api/', '/api', '/'],
    ['/api?x=/y', '/api', '?x=/y'],
    ['/api/x/y?z', '/api', '/x/y?z'],
    ['/%61pi/x%2Fy', '/api', '/x%2Fy'],
    ['/a/b/c', '/a/b', '/c'],
    ['/x/y', '/', '/x/y'],
  ])('%s without %s is %s', (target, path, rest) => {
    expect(withoutPrefix(target, path)).toBe(rest)
  })
})
