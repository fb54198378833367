import { describe, expect, it } from '@jest/globals'
import { type AnswerRules, answerHeaders, isEventStream } from '../../src/proxy/answer-headers.ts'
import { mayBeSet, withoutCookies } from '../../src/proxy/cookies.ts'
import { memoized } from '../../src/proxy/header-names.ts'
import {
  forwardedFor,
  type HeaderRules,
  nameFilter,
  upstreamHeaders,
} from '../../src/proxy/request-headers.ts'

const isOurs = (name: string) => name === '__Host-session' || name.startsWith('__Host-login-')

/** The headers that go up, by name in lower case, for those that a client sent. */
function sentUp(sent: readonly (readonly [string, string])[], rules: Partial<HeaderRules> = {}) {
  const headers = Object.fromEntries(sent.map(([name, value]) => [name.toLowerCase(), value]))
  const list = upstreamHeaders(
    { rawHeaders: sent.flat(), headers },
    {
      forwardedProto: 'https',
      forwardedHost: 'app.example',
      forwardedFor: '192.0.2.1',
      requestId: 'id-1',
      token: 'TOKEN',
    },
    { cookies: 'none', ownCookieNames: isOurs, ...rules },
  )
  return pairs(list)
}

function pairs(list: readonly string[]): [string, string][] {
  return list.flatMap((name, at): [string, string][] =>
    at % 2 === 0 ? [[name.toLowerCase(), list[at + 1] as string]] : [],
  )
}

const ours: [string, string][] = [
  ['x-forwarded-proto', 'https'],
  ['x-forwarded-host', 'app.example'],
  ['x-forwarded-for', '192.0.2.1'],
  ['x-request-id', 'id-1'],
  ['authorization', 'Bearer TOKEN'],
]

describe('to the upstream', () => {
  it.each([
    'Authorization',
    'AUTHORIZATION',
    'Cookie',
    'Host',
    'Expect',
    // RFC 9110 §7.6.1
    'Connection',
    'Keep-Alive',
    'TE',
    'Trailer',
    'Transfer-Encoding',
    'Upgrade',
    'HTTP2-Settings',
    'Proxy-Connection',
    'Proxy-Authorization',
    'Proxy-Authenticate',
    'Proxy-Status',
    'Forwarded',
    'X-Forwarded-For',
    'X-Forwarded-Host',
    'X-Forwarded-Proto',
    'X-Forwarded-Prefix',
    'X-Forwarded-User',
    'X-Forwarded-Client-Cert',
    'X-Real-IP',
    'X-CSRF',
    'X-HTTP-Method-Override',
    'X-HTTP-Method',
    'X-Method-Override',
    'X-Original-URL',
    'X-Rewrite-URL',
    'X-Request-Id',
    // CGI, WSGI and PHP read a mark in a name as a hyphen.
    'X_Forwarded_For',
    'x_forwarded-host',
    'X_REAL_IP',
    'X_Csrf',
    'X_Original_Url',
    'X_HTTP_Method_Override',
    'Proxy_Authorization',
    'Transfer_Encoding',
    'Content_Length',
    'X.Forwarded.For',
    'X!Forwarded|For',
  ])('%s of the client stays behind', (name) => {
    expect(sentUp([[name, 'spoofed']])).toEqual(ours)
  })

  it.each([
    ['Accept', '*/*'],
    ['Content-Type', 'text/plain'],
    ['Content-Length', '3'],
    ['Range', 'bytes=0-1'],
    ['If-None-Match', '"x"'],
    ['Last-Event-ID', '7'],
    ['Origin', 'https://app.example'],
    ['Sec-Fetch-Site', 'same-origin'],
    ['X-CSRF-Token', 'x'],
    ['X-Custom_Name', 'x'],
    ['Via', '1.1 edge'],
    ['Authorization-Info', 'x'],
  ])('%s goes on as sent', (name, value) => {
    expect(sentUp([[name, value]])).toEqual([[name.toLowerCase(), value], ...ours])
  })

  it('keeps order, case and repetition', () => {
    const list = upstreamHeaders(
      { rawHeaders: ['X-b', '1', 'x-A', '2', 'X-b', '3'], headers: {} },
      { forwardedProto: 'http', forwardedHost: 'h', forwardedFor: 'f', requestId: 'i', token: undefined },
      { cookies: 'none', ownCookieNames: isOurs },
    )
    expect(list.slice(0, 6)).toEqual(['X-b', '1', 'x-A', '2', 'X-b', '3'])
    expect(list).not.toContain('authorization')
  })

  it('leaves behind what Connection names, but nothing of ours', () => {
    const sent = sentUp([
      ['Connection', 'close, X-Secret ,authorization,x-forwarded-for,cookie'],
      ['x-secret', '1'],
      ['X-Kept', '2'],
    ])
    expect(sent).toEqual([['x-kept', '2'], ...ours])
  })

  it.each([
    ['a=1; __Host-session=secret; b=2', 'a=1; b=2'],
    ['__Host-session=secret', undefined],
    ['__Host-login-x=1;b=2;__Host-login-y=3', 'b=2'],
    [' __Host-session = secret ;a=1', 'a=1'],
    ['__Host-session; a=1', 'a=1'],
    ['a="x; y"; a=2', 'a="x; y"; a=2'],
    ['__host-session=other', '__host-session=other'],
  ])('with cookies of others, %s goes up as %s', (cookie, rest) => {
    const up = new Map(sentUp([['Cookie', cookie]], { cookies: 'others' }))
    expect(up.get('cookie')).toBe(rest)
  })

  it.each([
    'X-Client-IP',
    'X-Cluster-Client-IP',
    'True-Client-IP',
    'CF-Connecting-IP',
    'Fastly-Client-IP',
    'X-Envoy-External-Address',
    'Remote-User',
    'X-Remote-User',
    'X-Authenticated-UserId',
    'X-Auth-Request-Email',
    'X-User',
    'X-User-Id',
    'X_User_Id',
    'X-SSL-Client-Verify',
    'SSL-Client-Cert',
    'X-Client-Cert-Dn',
    'X-Amzn-Oidc-Data',
    'X-MS-Client-Principal',
    'X-Goog-Authenticated-User-Email',
    'X-Original-Method',
    'X-HTTP-Method',
    'X-Real-IP',
    'X.Real.IP',
  ])('%s stays behind, unless the route names it', (name) => {
    const ends = (goesOnAs: (one: string) => string | false) =>
      sentUp([[name, 'x']], { goesOnAs }).filter(([one]) => one === name.toLowerCase())
    expect(ends(nameFilter())).toEqual([])
    expect(ends(nameFilter([name.toUpperCase()]))).toEqual([[name.toLowerCase(), 'x']])
  })

  it.each(['Authorization', 'Cookie', 'X-Forwarded-For', 'X_Forwarded_For', 'Proxy-Authorization', 'Host'])(
    '%s stays behind even where a route names it',
    (name) => {
      expect(nameFilter([name])(name)).toBe(false)
    },
  )

  it('appends the peer to a chain that was received', () => {
    expect(forwardedFor('192.0.2.1', undefined)).toBe('192.0.2.1')
    expect(forwardedFor('192.0.2.1', '203.0.113.7, 10.0.0.1')).toBe('203.0.113.7, 10.0.0.1, 192.0.2.1')
    expect(forwardedFor('192.0.2.1', '"><script>')).toBe('192.0.2.1')
  })
})

const rules: AnswerRules = {
  setCookie: false,
  sandbox: true,
  ownCookieNames: isOurs,
  requestId: 'id-1',
  cors: false,
  addresses: { upstream: new URL('http://api.internal:8000/v1'), basePath: '/v1', prefix: undefined },
  status: 200,
  personal: true,
  variesByCookie: false,
}

/** What reaches the browser, apart from what is always there. */
function sentDown(headers: Record<string, string | string[]>, overrides: Partial<AnswerRules> = {}) {
  const always = {
    'cache-control': 'max-age=1',
    'content-type': 'image/x-always',
    'x-content-type-options': 'nosniff',
  }
  return pairs(answerHeaders({ ...always, ...headers }, { ...rules, ...overrides })).filter(
    ([name, value]) => name !== 'x-request-id' && (always as Record<string, string>)[name] !== value,
  )
}

/** One header as the browser gets it, every line of it. */
function lines(
  name: string,
  headers: Record<string, string | string[]>,
  overrides: Partial<AnswerRules> = {},
): string[] {
  const list = pairs(answerHeaders(headers, { ...rules, ...overrides }))
  return list.filter(([one]) => one === name).map(([, value]) => value)
}

describe('what a cache may do with an answer that depends on the user', () => {
  const vary = (value: string | string[], variesByCookie = true) =>
    lines('vary', { vary: value }, { variesByCookie })
  const control = (value: string | string[], variesByCookie = true) =>
    lines('cache-control', { 'cache-control': value }, { variesByCookie })

  it.each([
    ['Authorization', 'Authorization, Cookie'],
    ['', 'Cookie'],
    ['*', '*'],
    ['Accept, cookie', 'Accept, cookie'],
    ['X-Cookie', 'X-Cookie, Cookie'],
    ['Cookie2', 'Cookie2, Cookie'],
  ])('varies by Cookie: Vary %p becomes %p', (sent, received) => {
    expect(vary(sent).filter((value) => value !== '')).toEqual([received])
    expect(lines('vary', {}, { variesByCookie: true })).toEqual(['Cookie'])
    expect(vary(['Origin', 'Accept'])).toEqual(['Origin, Accept, Cookie'])
  })

  it.each([
    'max-age=60',
    'max-age=60, immutable',
    'proxy-revalidate',
    'no-transform',
    'private="x-user"',
    'no-cache="set-cookie", max-age=60',
    'ext="a, public, b"',
  ])('is private where %p leaves it to the presence of Authorization', (sent) => {
    expect(control(sent)).toEqual([`${sent}, private`])
    expect(control(sent, false)).toEqual([sent])
  })

  it.each(['public, max-age=60', 'S-MaxAge=5', 'must-revalidate', 'private', 'no-store', 'No-Cache'])(
    'is what the upstream says where it says %p',
    (sent) => {
      expect(control(sent)).toEqual([sent])
    },
  )

  it('is never forbidden on a 304, which would replace the word of the answer it confirms', () => {
    expect(lines('cache-control', {}, { status: 304 })).toEqual([])
    expect(
      lines('cache-control', { 'cache-control': 'max-age=1' }, { status: 304, variesByCookie: true }),
    ).toEqual(['max-age=1, private'])
  })
})

describe("an address at the target's own origin", () => {
  const location = (value: string, prefix?: string) =>
    lines('location', { location: value }, { addresses: { ...rules.addresses, prefix } })[0]

  it.each([
    ['http://api.internal:8000/v1/items/?a=1#b', '/items/?a=1#b'],
    ['HTTP://API.internal:8000/v1', '/'],
    ['http://api.internal:8000', '/'],
    ['//api.internal:8000/v1/x', '/x'],
    ['\\\\api.internal:8000/v1/x', '/x'],
    ['http://api.internal:8000/other', '/other'],
    ['http://api.internal:8000/v1evil', '/v1evil'],
    ['http://api.internal:8000//evil.example/', '/evil.example/'],
    ['http://api.internal:8000/v1//evil.example/', '/evil.example/'],
    ['http://user:secret@api.internal:8000/v1/x', '/x'],
    ['https://api.internal:8000/v1/x', 'https://api.internal:8000/v1/x'],
    ['http://api.internal/v1/x', 'http://api.internal/v1/x'],
    ['https://elsewhere.example/x', 'https://elsewhere.example/x'],
    ['/v1/items', '/v1/items'],
    ['items/', 'items/'],
    ['http://[bad', 'http://[bad'],
  ])('%p is %p to the browser', (sent, received) => {
    expect(location(sent)).toBe(received)
    expect(lines('content-location', { 'content-location': sent })).toEqual([received])
  })

  it.each([
    ['http://api.internal:8000/v1/items/', '/api/items/'],
    ['http://api.internal:8000/v1', '/api/'],
    ['/v1/items?x', '/api/items?x'],
    ['?page=2', '?page=2'],
    ['https://elsewhere.example/x', 'https://elsewhere.example/x'],
  ])('gets the stripped prefix back: %p is %p', (sent, received) => {
    expect(location(sent, '/api')).toBe(received)
  })

  it.each([
    ['a=1; Path=/; HttpOnly', 'a=1; Path=/api; HttpOnly'],
    ['a=1; path=/v1/items; Domain=api.internal', 'a=1; Path=/api/items'],
    ['a=1; Domain=.internal; Secure', 'a=1; Secure'],
    ['a=1; Domain=elsewhere.example', 'a=1; Domain=elsewhere.example'],
    ['a=1', 'a=1'],
  ])('a cookie %p is %p to the browser', (sent, received) => {
    const addresses = { ...rules.addresses, prefix: '/api' }
    expect(lines('set-cookie', { 'set-cookie': sent }, { setCookie: true, addresses })).toEqual([received])
  })
})

describe('a challenge', () => {
  it.each([
    ['Basic realm="x"', []],
    ['bAsIc', []],
    ['Negotiate', []],
    ['NTLM TlRMTVNTUAAB==', []],
    ['Digest realm="a, b", qop="auth"', []],
    ['Bearer error="invalid_token"', ['Bearer error="invalid_token"']],
    ['Bearer realm="x", Basic realm="y", charset="UTF-8"', ['Bearer realm="x"']],
    ['Basic realm="x", DPoP algs="ES256"', ['DPoP algs="ES256"']],
  ])('%p reaches the browser as %p: none that opens a password dialog', (sent, received) => {
    expect(lines('www-authenticate', { 'www-authenticate': sent })).toEqual(received)
  })
})

it('lets the word of CORS pass on a route that other sites may call', () => {
  const headers = { 'access-control-allow-origin': '*' }
  expect(lines('access-control-allow-origin', headers, { cors: true })).toEqual(['*'])
})

describe('from the upstream', () => {
  it('nosniff is said whatever the upstream says of it', () => {
    expect(lines('x-content-type-options', { 'x-content-type-options': 'none' })).toEqual(['nosniff'])
  })

  it.each([
    'connection',
    'keep-alive',
    'proxy-authenticate',
    'te',
    'trailer',
    'transfer-encoding',
    'upgrade',
    'set-cookie',
    'clear-site-data',
    'alt-svc',
    'strict-transport-security',
    'public-key-pins',
    'expect-ct',
    'nel',
    'report-to',
    'reporting-endpoints',
    'accept-ch',
    'critical-ch',
    'set-login',
    'service-worker-allowed',
    'sourcemap',
    'x-accel-redirect',
    'x-accel-buffering',
    'x-sendfile',
    'x-lighttpd-send-file',
    'x-reproxy-url',
    'surrogate-control',
    'surrogate-key',
    'edge-control',
    'cdn-cache-control',
    'cloudflare-cdn-cache-control',
    'x-coatcheck-problem',
    'access-control-allow-origin',
    'access-control-allow-credentials',
    'access-control-expose-headers',
  ])('%s stays behind', (name) => {
    expect(sentDown({ [name]: 'x' })).toEqual([])
  })

  it.each(['content-type', 'etag', 'location', 'content-length', 'vary', 'date', 'server'])(
    '%s goes on as sent',
    (name) => {
      expect(sentDown({ [name]: 'x' }, { sandbox: false })).toEqual([[name, 'x']])
    },
  )

  it('leaves behind what Connection names, and makes up for it', () => {
    const list = answerHeaders(
      { connection: 'X-Hop, Cache-Control', 'x-hop': '1', 'cache-control': 'public' },
      rules,
    )
    expect(pairs(list)).toEqual([
      ['x-request-id', 'id-1'],
      ['x-content-type-options', 'nosniff'],
      ['cache-control', 'no-store'],
      ['content-security-policy', "sandbox; default-src 'none'"],
    ])
  })

  it('replaces the request id', () => {
    expect(answerHeaders({ 'x-request-id': 'theirs' }, rules)).toEqual(expect.not.arrayContaining(['theirs']))
  })

  it('forbids storing what a token was used for, unless the upstream has its own word', () => {
    const noStore = (headers: Record<string, string>, personal: boolean) =>
      pairs(answerHeaders(headers, { ...rules, personal })).filter(([name]) => name === 'cache-control')
    expect(noStore({}, true)).toEqual([['cache-control', 'no-store']])
    expect(noStore({}, false)).toEqual([])
    expect(noStore({ 'cache-control': 'max-age=60' }, true)).toEqual([['cache-control', 'max-age=60']])
  })

  const csp: [string, string] = ['content-security-policy', "sandbox; default-src 'none'"]
  it.each([
    ['text/html', true],
    ['TEXT/HTML; charset=utf-8', true],
    ['application/xhtml+xml', true],
    ['image/svg+xml', true],
    ['application/xml', true],
    ['application/json', false],
    ['text/plain', false],
    ['image/png', false],
  ])('%s is sandboxed: %s', (type, sandboxed) => {
    const list = answerHeaders({ 'content-type': type }, rules)
    expect(pairs(list).some(([name]) => name === csp[0])).toBe(sandboxed)
  })

  it('takes an empty policy for none', () => {
    const list = sentDown({ 'content-type': 'text/html', 'content-security-policy': ' ' })
    expect(list).toContainEqual(csp)
  })

  it.each([
    ['text/xsl'],
    [''],
    ['nonsense'],
    ['x/y'],
    ['multipart/x-mixed-replace; boundary=x'],
    ['application/json, text/html'],
    ['image/svg'],
    ['model/x3d+xml'],
    ['text/html,application/json'],
    ['application/vnd.api'],
    ['text/vtt'],
  ])('%s, which could run or of which nothing is known, is sandboxed', (type) => {
    expect(sentDown({ 'content-type': type })).toContainEqual(csp)
  })

  it.each([
    ['application/problem+json; charset=utf-8'],
    ['application/hal+json'],
    ['TEXT/Plain;charset=utf-8'],
    ['text/css'],
    ['text/javascript'],
    ['audio/mpeg'],
    ['video/mp4'],
    ['font/woff2'],
    ['application/pdf'],
    ['application/zip'],
    ['application/octet-stream'],
    ['text/event-stream'],
    ['image/avif'],
  ])('%s, which runs in no window, is not sandboxed', (type) => {
    expect(sentDown({ 'content-type': type })).toEqual([['content-type', type]])
  })

  it('sandboxes an answer without a type, and none without a body', () => {
    expect(pairs(answerHeaders({}, rules))).toContainEqual(csp)
    expect(pairs(answerHeaders({}, { ...rules, status: 204 }))).not.toContainEqual(csp)
  })

  it('leaves the policies of the kept answer alone on a 304 that names no type', () => {
    const own = { 'content-security-policy': "default-src 'self'" }
    const policies = (headers: Record<string, string>, overrides: Partial<AnswerRules> = {}) =>
      lines('content-security-policy', headers, { status: 304, ...overrides })
    expect(policies({})).toEqual([])
    expect(policies(own)).toEqual([])
    expect(policies(own, { sandbox: false })).toEqual([own['content-security-policy']])
    expect(policies({ ...own, 'content-type': 'text/html' })).toEqual([
      own['content-security-policy'],
      csp[1],
    ])
  })

  it.each<[string | undefined, number, boolean]>([
    ['private', 200, true],
    ['max-age=60, Private', 200, true],
    ['no-store', 404, true],
    [undefined, 200, true],
    ['max-age=60', 200, true],
    ['public, max-age=60', 200, false],
    ['must-revalidate', 200, false],
    ['no-cache', 200, false],
    ['private="x-user", public', 200, false],
    ['ext="a, private", public', 200, false],
    [undefined, 304, false],
    ['public', 101, true],
  ])('a renewed session cookie goes with an answer that says %p (%p): %p', (control, status, goes) => {
    const headers: Record<string, string> = control === undefined ? {} : { 'cache-control': control }
    const told = lines('set-cookie', headers, { status, variesByCookie: true, renewedCookie: 'session=new' })
    expect(told).toEqual(goes ? ['session=new'] : [])
  })

  it("adds its policy after one of the upstream's own, and sandboxes nothing where told", () => {
    const own = { 'content-type': 'text/html', 'content-security-policy': "default-src 'self'" }
    expect(sentDown(own)).toEqual([...Object.entries(own), csp])
    expect(sentDown({ 'content-type': 'text/html' }, { sandbox: false })).toEqual([
      ['content-type', 'text/html'],
    ])
    expect(sentDown({ 'content-type': ['text/plain', 'text/html'] })).toContainEqual(csp)
  })

  it.each([
    ['theme=dark; Path=/', true],
    ['__Host-session=stolen; Path=/; Secure', false],
    [' __Host-session =stolen', false],
    ['__Host-login-x=1', false],
    ['=__Host-session=stolen', false],
    ['', false],
  ])('with setCookie, %s passes: %s', (cookie, passes) => {
    expect(mayBeSet(cookie, isOurs)).toBe(passes)
    const down = sentDown({ 'set-cookie': [cookie, 'other=1'] }, { setCookie: true })
    expect(down).toEqual([...(passes ? [['set-cookie', cookie]] : []), ['set-cookie', 'other=1']])
    expect(sentDown({ 'set-cookie': cookie }, { setCookie: true })).toHaveLength(passes ? 1 : 0)
  })

  it.each([
    ['text/event-stream', true],
    ['Text/Event-Stream;charset=utf-8', true],
    ['text/event-streams', false],
    ['text/plain', false],
  ])('%s is an event stream: %s', (type, is) => {
    expect(isEventStream({ 'content-type': type })).toBe(is)
  })
})

it('takes cookies apart without reading their values', () => {
  expect(withoutCookies('a=1;b', () => false)).toBe('a=1; b')
})

describe('what is remembered of header names', () => {
  it('is the verdict on one that may come again, and nothing of one that only fills the memory', () => {
    const judged: string[] = []
    const judge = memoized((name) => judged.push(name) > 0)
    const [usual, endless] = ['x-trace', 'x'.repeat(101)]
    for (const name of [usual, usual, endless, endless]) judge(name)
    expect(judged).toEqual([usual, endless, endless])
  })
})
