/** An upstream that means harm, or was taken over: what it sends, and what of it the client may get. */
export interface HostileAnswer {
  readonly what: string
  readonly bytes: string
  /** `invalid`: 502. `late`: 504. `cut`: an answer that everybody sees is broken. Else the whole body. */
  readonly becomes: 'invalid' | 'late' | 'cut' | { readonly status: number; readonly body: string }
}

const ok = 'HTTP/1.1 200 OK\r\n'
const two = 'Content-Length: 2\r\n\r\nok'
const chunked = `${ok}Transfer-Encoding: chunked\r\n\r\n`
const whole = { status: 200, body: 'ok' }
const hint = 'HTTP/1.1 103 Early Hints\r\nLink: </spoofed>\r\nSet-Cookie: session=spoofed\r\n\r\n'

type Case = [what: string, bytes: string, becomes: HostileAnswer['becomes']]

const framings: Case[] = [
  ['two lengths', `${ok}Content-Length: 2\r\nContent-Length: 3\r\n\r\nok`, 'invalid'],
  ['two lengths alike', `${ok}Content-Length: 2\r\n${two}`, 'invalid'],
  ['a list of lengths', `${ok}Content-Length: 2, 2\r\n\r\nok`, 'invalid'],
  ['a negative length', `${ok}Content-Length: -1\r\n\r\nok`, 'invalid'],
  ['a length with a sign', `${ok}Content-Length: +2\r\n\r\nok`, 'invalid'],
  ['a length beyond 64 bits', `${ok}Content-Length: 99999999999999999999\r\n\r\nok`, 'invalid'],
  ['an empty length', `${ok}Content-Length: \r\n\r\nok`, 'invalid'],
  [
    'a length and chunks',
    `${ok}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`,
    'invalid',
  ],
  ['a chunk size that is none', `${chunked}zz\r\nok\r\n0\r\n\r\n`, 'cut'],
  ['a chunk size with a sign', `${chunked}+2\r\nok\r\n0\r\n\r\n`, 'cut'],
  ['a chunk size beyond 64 bits', `${chunked}fffffffffffffffff\r\nok\r\n0\r\n\r\n`, 'cut'],
  ['chunks that end with bare LF', `${chunked}2\nok\n0\n\n`, 'cut'],
  ['a chunk of more than it says', `${chunked}1\r\nok\r\n0\r\n\r\n`, 'cut'],
  ['chunk extensions', `${chunked}2;a=b;c="\\"d"\r\nok\r\n0;e\r\n\r\n`, whole],
  ['trailers', `${chunked}2\r\nok\r\n0\r\nSet-Cookie: session=spoofed\r\nX-Late: spoofed\r\n\r\n`, whole],
  ['a megabyte of trailers', `${chunked}2\r\nok\r\n0\r\n${'X-Late: spoofed\r\n'.repeat(60_000)}\r\n`, 'cut'],
  ['a length that Connection names away', `${ok}Connection: content-length\r\n${two}`, whole],
  [
    'a body where there is none, 204',
    `HTTP/1.1 204 No\r\nContent-Length: 7\r\n\r\nspoofed`,
    { status: 204, body: '' },
  ],
  [
    'a body where there is none, 304',
    `HTTP/1.1 304 No\r\nContent-Length: 7\r\n\r\nspoofed`,
    { status: 304, body: '' },
  ],
  [
    'chunks where there are none, 204',
    `HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n7\r\nspoofed\r\n0\r\n\r\n`,
    { status: 204, body: '' },
  ],
]

const splitting: Case[] = [
  ['a second answer behind the first', `${ok}${two}${ok}Content-Length: 7\r\n\r\nspoofed`, whole],
  [
    'a second answer behind chunks',
    `${chunked}2\r\nok\r\n0\r\n\r\n${ok}Content-Length: 7\r\n\r\nspoofed`,
    whole,
  ],
  [
    'a second answer behind a 304',
    `HTTP/1.1 304 No\r\n\r\n${ok}Content-Length: 7\r\n\r\nspoofed`,
    { status: 304, body: '' },
  ],
  ['a header split by a bare CR', `${ok}X: a\rSet-Cookie: session=spoofed\r\n${two}`, 'invalid'],
  ['a header split by a bare LF', `${ok}X: a\nSet-Cookie: session=spoofed\r\n${two}`, 'invalid'],
  ['a folded header', `${ok}X: a\r\n spoofed\r\n${two}`, 'invalid'],
  ['a NUL in a header', `${ok}X: a\0spoofed\r\n${two}`, 'invalid'],
  ['a control character in a header', `${ok}X: a\x01spoofed\r\n${two}`, 'invalid'],
  ['a header without a name', `${ok}: spoofed\r\n${two}`, 'invalid'],
  ['a header with a blank before the colon', `${ok}X : spoofed\r\n${two}`, 'invalid'],
  ['a header with an 8-bit name', `${ok}X\xe9: spoofed\r\n${two}`, 'invalid'],
  ['a control character in its reason', `HTTP/1.1 200 O\x01spoofed\r\n${two}`, whole],
  ['a reason with a header in it', `HTTP/1.1 200 OK Set-Cookie: session=spoofed\r\n${two}`, whole],
]

const statuses: Case[] = [
  ['no HTTP', 'SSH-2.0-OpenSSH_9.9\r\n', 'invalid'],
  ['HTTP/0.9', 'spoofed', 'invalid'],
  ['HTTP/1.2', `HTTP/1.2 200 OK\r\n${two}`, 'invalid'],
  ['a status of 000', `HTTP/1.1 000 X\r\n${two}`, 'invalid'],
  ['a status of 099', `HTTP/1.1 099 X\r\n${two}`, 'invalid'],
  ['a status of four digits', `HTTP/1.1 2000 X\r\n${two}`, 'invalid'],
  ['a negative status', `HTTP/1.1 -200 X\r\n${two}`, 'invalid'],
  ['bare LF throughout', 'HTTP/1.1 200 OK\nContent-Length: 2\n\nok', 'invalid'],
  ['101 without being asked', 'HTTP/1.1 101 Switching Protocols\r\n\r\n', 'invalid'],
  [
    '101 to a WebSocket without being asked',
    'HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n',
    'invalid',
  ],
  [
    '101 to h2c without being asked',
    'HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n',
    'invalid',
  ],
  ['an interim answer with a body', 'HTTP/1.1 102 P\r\nContent-Length: 7\r\n\r\nspoofed', 'invalid'],
  ['5,000 interim answers and then its own', `${hint.repeat(5000)}${ok}${two}`, whole],
  ['interim answers without an end', hint.repeat(5000), 'late'],
  ['half a head', 'HTTP/1.1 200 OK\r\nX: spoofed', 'late'],
]

const sizes: Case[] = [
  ['a header of 20 KB', `${ok}X: ${'x'.repeat(20_000)}\r\n${two}`, 'invalid'],
  ['a header without an end', `${ok}X: ${'x'.repeat(1_000_000)}`, 'invalid'],
  ['a megabyte of headers', `${ok}${'X: spoofed\r\n'.repeat(90_000)}${two}`, 'invalid'],
  ['a reason of a megabyte', `HTTP/1.1 200 ${'x'.repeat(1_000_000)}`, 'late'],
]

/** Headers that no upstream says for this origin; `session` is a name of ours, and the route lets cookies through. */
const headers: Case[] = [
  'Set-Cookie: session=spoofed',
  'Set-Cookie: session = spoofed',
  'Set-Cookie:   session=spoofed; Path=/',
  'SET-COOKIE: login-1=spoofed',
  'Set-Cookie: =session=spoofed',
  'Set-Cookie: session',
  'Set-Cookie: ;session=spoofed',
  'Clear-Site-Data: "spoofed"',
  'Alt-Svc: h3="spoofed:443"',
  'Access-Control-Allow-Origin: spoofed',
  'ACCESS-CONTROL-ALLOW-CREDENTIALS: spoofed',
  'Access-Control-Expose-Headers: spoofed',
  'X-Request-Id: spoofed',
  'Keep-Alive: timeout=spoofed',
  'Proxy-Authenticate: spoofed',
  'Proxy-Connection: spoofed',
  'Upgrade: spoofed',
  'Connection: X-Foo\r\nX-Foo: spoofed',
  'Connection: close\r\nConnection: x-foo\r\nX-Foo: spoofed',
  'Trailer: spoofed',
  'TE: spoofed',
].map((lines) => [`${lines.replace('\r\n', ' ⏎ ')}`, `${ok}${lines}\r\n${two}`, whole])

export const hostileClasses: readonly (readonly [
  name: string,
  answers: readonly HostileAnswer[],
  count: number,
])[] = [
  ['a body that two readers read differently', framings.map(hostile), 20],
  ['an answer in an answer', splitting.map(hostile), 13],
  ['a status that is none', statuses.map(hostile), 15],
  ['too much', sizes.map(hostile), 4],
  ['headers that are not its own to set', headers.map(hostile), 21],
]

function hostile([what, bytes, becomes]: Case): HostileAnswer {
  return { what, bytes, becomes }
}
