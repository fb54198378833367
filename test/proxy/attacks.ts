/**
 * An attack as bytes on the wire. `ID` stands for the case's own mark, by which the upstream's records are told apart;
 * `SIZE` for the length of the hidden request.
 */
export interface Attack {
  readonly what: string
  readonly bytes: string
  /** How the first answer may look; `closed`: no answer at all. */
  readonly answers: readonly (number | 'closed')[]
  /** The requests that the gate means to let through: `METHOD /path body`. */
  readonly reaches: readonly string[]
}

const origin = 'https://app.example'
const here = 'Sec-Fetch-Site: same-origin'
const cookie = 'Cookie: session=t1'

interface Parts {
  readonly line?: string
  readonly headers?: readonly string[]
  readonly body?: string
  /** Instead of Host, cookie and Sec-Fetch-Site. */
  readonly base?: readonly string[]
}

const member = ['Host: app.example', cookie, here]

/** A member's request, with something wrong about it. */
function request({ line = 'GET /api/ID HTTP/1.1', headers = [], body = '', base = member }: Parts): string {
  return `${[line, ...base, ...headers].join('\r\n')}\r\n\r\n${body}`
}

const post = 'POST /api/ID HTTP/1.1'
const hidden = request({ line: 'GET /api/ID-smuggled HTTP/1.1' })

function refused(what: string, parts: Parts, answers: Attack['answers'] = [400]): Attack {
  return { what, bytes: request(parts), answers, reaches: [] }
}

function passed(what: string, parts: Parts, reaches: readonly string[] = ['GET /api/ID']): Attack {
  return { what, bytes: request(parts), answers: [200], reaches }
}

/** A body that hides a request behind what one of two parsers takes for the end. */
const smuggling: Attack[] = [
  ...[
    ['CL.TE', ['Content-Length: 6', 'Transfer-Encoding: chunked']],
    ['TE.CL', ['Transfer-Encoding: chunked', 'Content-Length: 6']],
    ['TE.TE, two codings', ['Transfer-Encoding: chunked', 'Transfer-Encoding: identity']],
    ['TE.TE, chunked twice', ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked']],
    ['TE.TE, a list', ['Transfer-Encoding: gzip, chunked']],
    ['TE.TE, chunked first', ['Transfer-Encoding: chunked, gzip']],
    ['TE.TE, chunked twice in a list', ['Transfer-Encoding: chunked, chunked']],
    ['TE: identity', ['Transfer-Encoding: identity']],
    ['TE: xchunked', ['Transfer-Encoding: xchunked']],
    ['TE: chunked in quotes', ['Transfer-Encoding: "chunked"']],
    ['TE with a vertical tab', ['Transfer-Encoding: \x0bchunked']],
    ['TE with a parameter', ['Transfer-Encoding: chunked;q=1']],
    ['TE with a blank before the colon', ['Transfer-Encoding : chunked']],
    ['TE on a folded line', ['Transfer-Encoding:\r\n chunked']],
    ['TE behind a bare LF', ['X: y\nTransfer-Encoding: chunked']],
    ['TE behind a bare CR', ['X: y\rTransfer-Encoding: chunked']],
    ['TE with an empty value', ['Transfer-Encoding: ']],
    ['CL twice', ['Content-Length: 5', 'Content-Length: 6']],
    ['CL twice, alike', ['Content-Length: 5', 'Content-Length: 5']],
    ['CL as a list', ['Content-Length: 5, 5']],
    ['CL with a sign', ['Content-Length: +5']],
    ['CL negative', ['Content-Length: -5']],
    ['CL in hexadecimal', ['Content-Length: 0x5']],
    ['CL as a fraction', ['Content-Length: 5.0']],
    ['CL with an exponent', ['Content-Length: 5e0']],
    ['CL with an underscore', ['Content-Length: 1_0']],
    ['CL with blanks inside', ['Content-Length: 1 0']],
    ['CL without digits', ['Content-Length: ']],
    ['CL beyond 64 bits', ['Content-Length: 99999999999999999999999']],
    ['CL with a blank before the colon', ['Content-Length : 5']],
    ['CL folded', ['Content-Length:\r\n 5']],
    ['CL with a letter', ['Content-Length: 5a']],
  ].map(([what, headers]) =>
    refused(what as string, { line: post, headers: headers as string[], body: `0\r\n\r\n${hidden}` }),
  ),
  refused('TE on HTTP/1.0', {
    line: 'POST /api/ID HTTP/1.0',
    headers: ['Transfer-Encoding: chunked'],
    body: `0\r\n\r\n${hidden}`,
  }),
  ...[
    ['a size with a sign', '+5\r\nhello\r\n0\r\n\r\n'],
    ['a negative size', '-1\r\nhello\r\n0\r\n\r\n'],
    ['a size in 0x', '0x5\r\nhello\r\n0\r\n\r\n'],
    ['a size beyond 64 bits', 'fffffffffffffffff\r\nhello\r\n0\r\n\r\n'],
    ['a size that is none', 'z\r\nhello\r\n0\r\n\r\n'],
    ['no size', '\r\nhello\r\n0\r\n\r\n'],
    ['a blank before the size', ' 5\r\nhello\r\n0\r\n\r\n'],
    ['a size that ends with a bare LF', '5\nhello\r\n0\r\n\r\n'],
    ['too many bytes', '3\r\nhello\r\n0\r\n\r\n'],
    ['data that ends with a bare LF', '5\r\nhello\n0\r\n\r\n'],
    ['data without an end', '5\r\nhello0\r\n\r\n'],
    ['an extension with a bare CR', '5;a\rb\r\nhello\r\n0\r\n\r\n'],
    ['an extension with a bare LF', `5;a\nhello\r\n0\r\n\r\n`],
  ].map(
    ([what, body]): Attack => ({
      what: `a chunk with ${what}`,
      bytes: request({ line: post, headers: ['Transfer-Encoding: chunked'], body: `${body}${hidden}` }),
      // Node's parser finds out while the body is on its way: then both sides are cut.
      answers: [400, 'closed'],
      reaches: [],
    }),
  ),
  passed(
    'a chunk extension is not passed on',
    { line: post, headers: ['Transfer-Encoding: chunked'], body: '5;a=b\r\nhello\r\n0\r\n\r\n' },
    ['POST /api/ID hello'],
  ),
  passed(
    'a trailer is not passed on',
    {
      line: post,
      headers: ['Transfer-Encoding: chunked', 'Trailer: X-Evil'],
      body: '5\r\nhello\r\n0\r\nX-Evil: spoofed\r\nAuthorization: spoofed\r\n\r\n',
    },
    ['POST /api/ID hello'],
  ),
  {
    what: 'CL.0: a body on GET stays a body',
    bytes: request({ headers: ['Content-Length: SIZE'], body: hidden }),
    answers: [200],
    reaches: [`GET /api/ID ${hidden}`],
  },
  {
    what: 'CL.0: a body on a refused request is no request',
    bytes: request({
      base: ['Host: app.example', here],
      line: post,
      headers: ['Content-Length: SIZE'],
      body: hidden,
    }),
    answers: [401],
    reaches: [],
  },
  {
    what: 'Connection: Content-Length does not lose the length',
    bytes: request({
      line: post,
      headers: ['Connection: content-length', 'Content-Length: SIZE'],
      body: hidden,
    }),
    answers: [200],
    reaches: [`POST /api/ID ${hidden}`],
  },
]

const lines: Attack[] = [
  ...[
    ['absolute-form', 'GET http://app.example/api/ID HTTP/1.1'],
    ['absolute-form with a user', 'GET http://app.example@evil.example/api/ID HTTP/1.1'],
    ['absolute-form of another scheme', 'GET file:///api/ID HTTP/1.1'],
    ['authority-form', 'GET evil.example:80 HTTP/1.1'],
    ['two slashes', 'GET //api/ID HTTP/1.1'],
    ['two slashes and a host', 'GET //evil.example/api/ID HTTP/1.1'],
    ['three slashes', 'GET ///api/ID HTTP/1.1'],
    ['a backslash', 'GET \\api\\ID HTTP/1.1'],
    ['a slash and a backslash', 'GET /\\api/ID HTTP/1.1'],
    ['an at sign', 'GET @evil.example/api/ID HTTP/1.1'],
    ['no slash', 'GET api/ID HTTP/1.1'],
    ['HTTP/2.0', 'GET /api/ID HTTP/2.0'],
    ['HTTP/1.2', 'GET /api/ID HTTP/1.2'],
    ['HTTP/9.9', 'GET /api/ID HTTP/9.9'],
    ['HTTP/0.9', 'GET /api/ID'],
    ['http in small letters', 'GET /api/ID http/1.1'],
    ['a tab', 'GET\t/api/ID\tHTTP/1.1'],
    ['a blank in the target', 'GET /api/ID x HTTP/1.1'],
    ['8-bit characters', 'GET /api/ID\xe9 HTTP/1.1'],
    ['a NUL', 'GET /api/ID\0 HTTP/1.1'],
    ['an unknown method', 'EVIL /api/ID HTTP/1.1'],
    ['a method in small letters', 'get /api/ID HTTP/1.1'],
    ['a dot segment', 'GET /api/ID/.. HTTP/1.1'],
    ['a dot segment inside', 'GET /api/../admin/ID HTTP/1.1'],
    ['a single dot', 'GET /api/./ID HTTP/1.1'],
    ['an encoded dot segment', 'GET /api/%2e%2e/ID HTTP/1.1'],
    ['a half-encoded dot segment', 'GET /api/.%2E/ID HTTP/1.1'],
    ['a dot segment encoded twice', 'GET /api/%252e%252e/ID HTTP/1.1'],
    ['a dot segment encoded three times', 'GET /api/%25252e%25252e/ID HTTP/1.1'],
    ['a dot segment with an encoded slash', 'GET /api/..%2fID HTTP/1.1'],
    ['a dot segment with an encoded backslash', 'GET /api/..%5cID HTTP/1.1'],
    ['a dot segment with parameters', 'GET /api/..;x=1/ID HTTP/1.1'],
    ['a dot segment with encoded parameters', 'GET /api/%2e%2e%3bx/ID HTTP/1.1'],
    ['a path that leads into the route', 'GET /static/../api/ID HTTP/1.1'],
    ['an encoded path that leads into the route', 'GET /static/%2e%2e/api/ID HTTP/1.1'],
    ['an empty segment', 'GET /api//ID HTTP/1.1'],
    ['an encoded NUL', 'GET /api/ID%00 HTTP/1.1'],
    ['encoded line breaks', 'GET /api/ID%0d%0aX-Evil:%20spoofed HTTP/1.1'],
    ['a line break encoded twice', 'GET /api/ID%250a HTTP/1.1'],
    ['a fragment', 'GET /api/ID#/../admin HTTP/1.1'],
    ['a fragment in the query', 'GET /api/ID?x#y HTTP/1.1'],
    ['an unfinished escape', 'GET /api/ID% HTTP/1.1'],
    ['an escape that is none', 'GET /api/ID%zz HTTP/1.1'],
    ['overlong UTF-8', 'GET /api/%c0%ae%c0%ae/ID HTTP/1.1'],
  ].map(([what, line]) => refused(`a request line with ${what}`, { line: line as string }, [400, 'closed'])),
  ...[
    ['CONNECT', 'CONNECT app.example:443 HTTP/1.1', ['closed', 400]],
    ['PRI of HTTP/2', 'PRI * HTTP/2.0', [400]],
    ['TRACE', 'TRACE /api/ID HTTP/1.1', [405]],
    ['an encoded slash after the prefix', 'GET /api%2fID HTTP/1.1', [404]],
    ['capitals', 'GET /API/ID HTTP/1.1', [404]],
    ['a longer first segment', 'GET /apix/ID HTTP/1.1', [404]],
    ['a parameter on the first segment', 'GET /api;x/ID HTTP/1.1', [404]],
  ].map(([what, line, answers]) =>
    refused(`a request line with ${what}`, { line: line as string }, answers as Attack['answers']),
  ),
]

const fields: Attack[] = [
  ...[
    ['two hosts', ['Host: evil.example']],
    ['two hosts alike', ['Host: app.example']],
    ['two authorizations', ['Authorization: Basic a', 'Authorization: Basic b']],
    ['a folded line', ['X-A: b', ' c: d']],
    ['a folded first line', [' X-A: b']],
    ['a blank before the colon', ['X-A : b']],
    ['no colon', ['X-A']],
    ['no name', [': b']],
    ['a name with a blank', ['X A: b']],
    ['a name with a NUL', ['X\0A: b']],
    ['a name in UTF-8', ['X-\xc3\xa9: b']],
    ['a name in parentheses', ['(X-A): b']],
    ['a NUL in a value', ['X-A: b\0c']],
    ['a bare CR in a value', ['X-A: b\rX-Evil: spoofed']],
    ['a bare LF in a value', ['X-A: b\nX-Evil: spoofed']],
    ['300 fields', Array.from({ length: 300 }, (_, at) => `X-${at}: y`)],
  ].map(([what, headers]) => refused(`fields with ${what}`, { headers: headers as string[] })),
  refused('no host', { base: [cookie, here] }),
  refused('a field of 20 KB', { headers: [`X-A: ${'x'.repeat(20_000)}`] }, [431]),
  refused('a target of 20 KB', { line: `GET /api/ID?${'x'.repeat(20_000)} HTTP/1.1` }, [431, 414]),
  refused('an expectation that nobody knows', { headers: ['Expect: 200-ok'] }, [417]),
  ...[
    'Authorization: Bearer spoofed',
    'AUTHORIZATION: Bearer spoofed',
    'X-Forwarded-For: spoofed',
    'x-forwarded-host: spoofed',
    'X-Forwarded-Proto: spoofed',
    'X-Forwarded-Port: spoofed',
    'X-Forwarded-User: spoofed',
    'X_Forwarded_For: spoofed',
    'X_FORWARDED_HOST: spoofed',
    'X.Forwarded.For: spoofed',
    'Forwarded: for=spoofed',
    'X-Real-IP: spoofed',
    'X_Real_IP: spoofed',
    'X-Original-URL: /spoofed',
    'X-Rewrite-URL: /spoofed',
    'X_Original_URL: /spoofed',
    'X-HTTP-Method-Override: spoofed',
    'X-HTTP-Method: spoofed',
    'X-Method-Override: spoofed',
    'X_HTTP_Method_Override: spoofed',
    'X-CSRF: spoofed',
    'Proxy-Authorization: spoofed',
    'Proxy-Connection: spoofed',
    'Proxy: http://spoofed',
    'Keep-Alive: spoofed',
    'TE: spoofed',
    'Content_Length: 7',
    'Transfer_Encoding: spoofed',
    'Cookie2: session=spoofed',
    'Upgrade: spoofed',
    'HTTP2-Settings: spoofed',
    'X-Request-Id: "spoofed"',
    'Connection: X-Forwarded-For, X-Real-IP, Authorization, X-Request-Id, Cookie, Host',
    'Connection: close, X-Spoofed\r\nX-Spoofed: spoofed',
    'Connection: keep-alive\r\nConnection: X-Spoofed\r\nX-Spoofed: spoofed',
  ]
    .filter((header) => !/^(?:Proxy|Cookie2):/.test(header))
    .map((header) => passed(`${header.replaceAll('\r\n', ' ⏎ ')} goes no further`, { headers: [header] })),
  passed("another's ticket in a second cookie goes no further", { headers: ['Cookie: session=spoofed'] }),
]

const csrf: Attack[] = [
  ...[
    ['cross-site', ['Sec-Fetch-Site: cross-site']],
    ['same-site', ['Sec-Fetch-Site: same-site']],
    ['same-origin twice', [here, here]],
    ['same-origin and cross-site', [here, 'Sec-Fetch-Site: cross-site']],
    ['cross-site and same-origin', ['Sec-Fetch-Site: cross-site', here]],
    ['same-origin in capitals', ['Sec-Fetch-Site: SAME-ORIGIN']],
    ['an empty site', ['Sec-Fetch-Site: ']],
    ['a prefetch', ['Sec-Fetch-Site: none', 'Sec-Purpose: prefetch']],
    ['another origin', ['Origin: https://evil.example']],
    ['our origin and another', [`Origin: ${origin}`, 'Origin: https://evil.example']],
    ['our origin twice, which same-origin cannot mend', [here, `Origin: ${origin}`, `Origin: ${origin}`]],
    ['our origin with a slash', [`Origin: ${origin}/`]],
    ['our origin in capitals', ['Origin: HTTPS://APP.EXAMPLE']],
    ['our origin as a prefix', [`Origin: ${origin}.evil.example`]],
    ['our origin over http', ['Origin: http://app.example']],
    ['a null origin', ['Origin: null']],
    ['an empty origin', ['Origin: ']],
    ['nothing at all', []],
    ['two CSRF headers', ['X-CSRF: 1', 'X-CSRF: 1']],
    ['a CSRF header with an underscore', ['X_CSRF: 1']],
    ['only a referrer', [`Referer: ${origin}/`]],
  ].map(([what, headers]) =>
    refused(
      `a call that says ${what}`,
      { base: ['Host: app.example', cookie, ...(headers as string[])] },
      [403],
    ),
  ),
  refused(
    'a form from nowhere',
    { line: post, base: ['Host: app.example', cookie, 'Sec-Fetch-Site: none', 'Content-Length: 0'] },
    [403],
  ),
]

const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='
const socket = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  key,
  `Origin: ${origin}`,
]

const upgrades: Attack[] = [
  refused('a socket with a body', { headers: [...socket, 'Content-Length: SIZE'], body: hidden }),
  refused('a socket with chunks', {
    headers: [...socket, 'Transfer-Encoding: chunked'],
    body: `0\r\n\r\n${hidden}`,
  }),
  refused('a socket with two keys', { headers: [...socket, key] }),
  refused('a socket with two versions', { headers: [...socket, 'Sec-WebSocket-Version: 13'] }),
  refused('a socket on HTTP/2.0', { line: 'GET /api/ID HTTP/2.0', headers: socket }, [400, 'closed']),
  refused(
    'a socket from elsewhere',
    { base: ['Host: app.example', cookie, 'Origin: https://evil.example'], headers: socket.slice(0, 4) },
    [403],
  ),
  refused('a socket with two origins', { headers: [...socket, 'Origin: https://evil.example'] }, [403]),
  refused('a socket without an origin', { headers: socket.slice(0, 4) }, [403]),
  refused('a socket of nobody', { base: ['Host: app.example'], headers: socket }, [401]),
  passed('h2c', {
    headers: ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__'],
  }),
  passed('h2c and websocket', { headers: ['Connection: Upgrade', 'Upgrade: h2c, websocket', key] }),
  passed('TLS/1.0', { headers: ['Connection: Upgrade', 'Upgrade: TLS/1.0'] }),
  passed('an upgrade that Connection does not name', { headers: ['Upgrade: websocket', key] }),
  passed('a socket by POST', { line: post, headers: [...socket, 'Content-Length: 0'] }, ['POST /api/ID']),
]

const pipelines: Attack[] = [
  {
    what: 'a refused request in front of a good one',
    bytes: request({ line: 'GET /api/%2e%2e/ID HTTP/1.1' }) + hidden,
    // Nothing after a request that can be read in two ways is believed.
    answers: [400],
    reaches: [],
  },
  {
    what: 'ten in a row, each judged for itself',
    bytes: Array.from({ length: 10 }, (_, at) =>
      request({ base: at % 2 === 0 ? member : ['Host: app.example', here] }),
    ).join(''),
    answers: [200],
    reaches: Array.from({ length: 5 }, () => 'GET /api/ID'),
  },
  {
    what: "one person's request behind another's",
    bytes: request({}) + request({ base: ['Host: app.example', here] }),
    answers: [200],
    reaches: ['GET /api/ID'],
  },
]

/** The bytes of an attack with its own mark. */
export function marked(text: string, id: string): string {
  return text.replaceAll('ID', id).replace('SIZE', String(hidden.replaceAll('ID', id).length))
}

export const attacks: readonly Attack[] = [
  ...smuggling,
  ...lines,
  ...fields,
  ...csrf,
  ...upgrades,
  ...pipelines,
]
