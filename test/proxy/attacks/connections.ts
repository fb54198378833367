import {
  type Attack,
  cookie,
  here,
  hidden,
  host,
  member,
  origin,
  passed,
  post,
  refused,
  request,
} from './attack.ts'

const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='
const version = 'Sec-WebSocket-Version: 13'
const socket = ['Connection: Upgrade', 'Upgrade: websocket', version, key, `Origin: ${origin}`]
const withKey = (value: string) => socket.map((line) => (line === key ? `Sec-WebSocket-Key: ${value}` : line))
const withVersion = (value: string) =>
  socket.map((line) => (line === version ? `Sec-WebSocket-Version: ${value}` : line))

export const upgrades: readonly Attack[] = [
  refused('a socket with a body', { headers: [...socket, 'Content-Length: SIZE'], body: hidden }),
  refused('a socket with chunks', {
    headers: [...socket, 'Transfer-Encoding: chunked'],
    body: `0\r\n\r\n${hidden}`,
  }),
  refused('a socket with a request behind it', {
    headers: socket.filter((line) => line !== key),
    body: hidden,
  }),
  refused('a socket with two keys', { headers: [...socket, key] }),
  refused('a socket with two versions', { headers: [...socket, version] }),
  refused('a socket without a key', { headers: socket.filter((line) => line !== key) }),
  refused('a socket without a version', { headers: socket.filter((line) => line !== version) }),
  ...['', 'dGhl', 'dGhlIHNhbXBsZSBub25jZQ', 'dGhlIHNhbXBsZSBub25jZQ===', `${'!'.repeat(22)}==`].map((value) =>
    refused(`a socket with the key ${JSON.stringify(value)}`, { headers: withKey(value) }),
  ),
  ...['', '0', '8', '012', '13.0', '13, 8', '14'].map((value) =>
    refused(`a socket of version ${JSON.stringify(value)}`, { headers: withVersion(value) }),
  ),
  refused('a socket on HTTP/2.0', { line: 'GET /api/ID HTTP/2.0', headers: socket }, [400, 'closed']),
  refused('a socket with two hosts', { headers: [...socket, host] }),
  refused('a socket to a climbing target', { line: 'GET /api/%2e%2e/ID HTTP/1.1', headers: socket }),
  refused('a socket to an absolute target', {
    line: 'GET http://app.example/api/ID HTTP/1.1',
    headers: socket,
  }),
  refused('a socket with two authorizations', {
    headers: [...socket, 'Authorization: a', 'Authorization: b'],
  }),
  refused('a socket where there is none', { line: 'GET /api/quiet/ID HTTP/1.1', headers: socket }, [404]),
  refused(
    'a socket where GET is not allowed',
    { line: 'GET /api/posts/ID HTTP/1.1', headers: socket },
    [405],
  ),
  refused('a socket off every route', { line: 'GET /elsewhere/ID HTTP/1.1', headers: socket }, [404]),
  refused(
    'a socket that names its own headers away',
    {
      base: [host, cookie],
      headers: [...socket.slice(1, 4), 'Connection: Upgrade, Origin', 'Origin: https://evil.example'],
    },
    [403],
  ),
  passed('h2c', {
    headers: ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__'],
  }),
  passed('h2c with a request behind it', {
    headers: ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__'],
    body: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  }),
  passed(
    'h2c by POST',
    {
      line: post,
      headers: [
        'Connection: Upgrade, HTTP2-Settings',
        'Upgrade: h2c',
        'HTTP2-Settings: AA',
        'Content-Length: 0',
      ],
    },
    ['POST /api/ID'],
  ),
  passed('h2c and websocket', { headers: ['Connection: Upgrade', 'Upgrade: h2c, websocket', key] }),
  passed('websocket and h2c', { headers: ['Connection: Upgrade', 'Upgrade: websocket, h2c', key] }),
  passed('TLS/1.0', { headers: ['Connection: Upgrade', 'Upgrade: TLS/1.0'] }),
  passed('an upgrade that Connection does not name', { headers: ['Upgrade: websocket', key] }),
  passed(
    'an upgrade that only an underscore names',
    { headers: ['Connection: Upgrade', 'Up_grade: websocket'] },
    ['GET /api/ID'],
    /^up_grade$/,
  ),
  passed('a socket by POST', { line: post, headers: [...socket, 'Content-Length: 0'] }, ['POST /api/ID']),
  passed('a socket by HEAD', { line: 'HEAD /api/ID HTTP/1.1', headers: socket }, ['HEAD /api/ID']),
  passed('a socket on HTTP/1.0', { line: 'GET /api/ID HTTP/1.0', headers: socket }),
]

const nobody = [host, here]
const climbing = request({ line: 'GET /api/%2e%2e/ID HTTP/1.1' })

function row(
  what: string,
  requests: readonly string[],
  answers: Attack['answers'],
  reaches: readonly string[],
): Attack {
  return { what, bytes: requests.join(''), answers, reaches }
}

/** A good request, and behind it what ends the connection: both may be in one packet. */
function cutShort(what: string, requests: readonly string[], reaches: readonly string[]): Attack {
  return { ...row(what, requests, [200, 400, 'closed'], reaches), orNone: true }
}

/** More than one request on a connection: each is judged for itself, and none answered for another. */
export const pipelines: readonly Attack[] = [
  // Nothing after a request that can be read in two ways is believed.
  row('a malformed request in front of a good one', [climbing, hidden], [400], []),
  row(
    'a malformed request with a body in front of a good one',
    [
      request({ line: 'POST /api/%2e%2e/ID HTTP/1.1', headers: ['Content-Length: 5'], body: 'hello' }),
      hidden,
    ],
    [400],
    [],
  ),
  row('two hosts in front of a good request', [request({ headers: [host] }), hidden], [400], []),
  row('a good request in front of a malformed one', [request({}), climbing, hidden], [200], ['GET /api/ID']),
  cutShort(
    'a good request in front of no request',
    [request({}), 'HELO evil.example\r\n\r\n'],
    ['GET /api/ID'],
  ),
  row(
    'a refused request in front of a good one',
    [request({ base: nobody }), request({})],
    [401],
    ['GET /api/ID'],
  ),
  row(
    'a refused body in front of a good request',
    [request({ base: nobody, line: post, headers: ['Content-Length: 5'], body: 'hello' }), request({})],
    [401],
    ['GET /api/ID'],
  ),
  row(
    'a request from elsewhere in front of one from here',
    [request({ base: [host, cookie, 'Sec-Fetch-Site: cross-site'] }), request({})],
    [403],
    ['GET /api/ID'],
  ),
  row(
    "one person's request behind another's",
    [request({}), request({ base: nobody })],
    [200],
    ['GET /api/ID'],
  ),
  row(
    'ten in a row, each judged for itself',
    Array.from({ length: 10 }, (_, at) => request({ base: at % 2 === 0 ? member : nobody })),
    [200],
    Array.from({ length: 5 }, () => 'GET /api/ID'),
  ),
  row(
    'a hundred of nobody',
    Array.from({ length: 100 }, () => request({ base: nobody })),
    [401],
    [],
  ),
  row(
    'empty lines between two',
    [request({}), '\r\n\r\n', request({})],
    [200],
    ['GET /api/ID', 'GET /api/ID'],
  ),
  row(
    'a body that is shorter than said, in front of a good request',
    [request({ line: post, headers: ['Content-Length: SIZE'], body: '' }), hidden],
    [200],
    [`POST /api/ID ${hidden}`],
  ),
  cutShort(
    'a body that is longer than said, in front of a good request',
    [request({ line: post, headers: ['Content-Length: 5'], body: 'helloEVIL' }), hidden],
    ['POST /api/ID hello'],
  ),
  row(
    'a socket that is refused in front of a good request',
    [request({ base: [host], headers: socket }), hidden],
    [401],
    [],
  ),
  row(
    'a socket that the upstream refuses in front of a good request',
    [request({ headers: socket }), hidden],
    [200],
    ['GET /api/ID'],
  ),
  row(
    'a refused socket behind a request that has no answer yet',
    [request({}), request({ base: [host], headers: socket }), request({ base: nobody })],
    [200],
    ['GET /api/ID'],
  ),
  row(
    'a socket behind a request that has no answer yet',
    [request({}), request({ headers: socket })],
    [200],
    ['GET /api/ID', 'GET /api/ID'],
  ),
  row(
    'a socket behind a body',
    [request({ line: post, headers: ['Content-Length: 5'], body: 'hello' }), request({ headers: socket })],
    [200],
    ['POST /api/ID hello', 'GET /api/ID'],
  ),
  cutShort(
    'CONNECT behind a good request',
    [request({}), request({ line: 'CONNECT app.example:443 HTTP/1.1' }), hidden],
    ['GET /api/ID'],
  ),
  cutShort(
    'Connection: close in front of a good request',
    [request({ headers: ['Connection: close'] }), hidden],
    ['GET /api/ID'],
  ),
  cutShort(
    'HTTP/1.0 in front of a good request',
    [request({ line: 'GET /api/ID HTTP/1.0' }), hidden],
    ['GET /api/ID'],
  ),
]
