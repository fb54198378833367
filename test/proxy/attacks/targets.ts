import { type Attack, cookie, here, host, member, passed, refused } from './attack.ts'

/** Ways to make somebody believe in another host, or in no host at all. */
export const hosts: readonly Attack[] = [
  ...(
    [
      ['absolute-form', 'http://app.example/api/ID'],
      ['absolute-form of the upstream', 'http://127.0.0.1/api/ID'],
      ['absolute-form with a user', 'http://app.example@evil.example/api/ID'],
      ['absolute-form of another scheme', 'file:///api/ID'],
      ['absolute-form in capitals', 'HTTP://APP.EXAMPLE/api/ID'],
      ['absolute-form without an authority', 'http:/api/ID'],
      ['absolute-form of a WebSocket', 'ws://app.example/api/ID'],
      ['authority-form', 'evil.example:80'],
      ['two slashes', '//api/ID'],
      ['two slashes and a host', '//evil.example/api/ID'],
      ['three slashes', '///api/ID'],
      ['a backslash', '\\api\\ID'],
      ['a slash and a backslash', '/\\api/ID'],
      ['an at sign', '@evil.example/api/ID'],
      ['a colon and a port', ':80/api/ID'],
      ['no slash', 'api/ID'],
      ['a query only', '?/api/ID'],
    ] as const
  ).map(([what, target]) =>
    refused(`a target in ${what}`, { line: `GET ${target} HTTP/1.1` }, [400, 'closed']),
  ),
  refused(
    'a target in a slash, a backslash and a host is nothing of ours',
    { line: 'GET /\\evil.example/api/ID HTTP/1.1' },
    [404],
  ),
  ...[host, 'Host: evil.example', 'host: app.example', 'Host: 127.0.0.1', 'Host: '].map((second) =>
    refused(`two hosts, ${second} behind`, { headers: [second] }),
  ),
  refused('two hosts, ours behind', { base: ['Host: evil.example', cookie, here, host] }),
  refused('no host', { base: [cookie, here] }),
  refused('a host with a blank before the colon', { base: ['Host : app.example', cookie, here] }),
  refused('a folded host', { base: ['Host: app.example\r\n evil.example', cookie, here] }),
  ...(
    [
      ['another host', 'evil.example'],
      ['a host with a path', 'app.example/evil'],
      ['a host with a user', 'app.example@evil.example'],
      ['a host with a port', 'app.example:1'],
      ['a host with blanks', 'app.example evil.example'],
      ['an empty host', ''],
      ['a list of hosts', 'app.example, evil.example'],
    ] as const
  ).map(([what, name]) =>
    passed(`${what} does not matter upstream`, { base: [`Host: ${name}`, cookie, here] }),
  ),
  ...['X-Host', 'X-HTTP-Host-Override', 'X-Host-Override'].map((name) =>
    passed(
      `${name} does not become the host`,
      { headers: [`${name}: evil.example`] },
      ['GET /api/ID'],
      new RegExp(`^${name.toLowerCase()}$`),
    ),
  ),
  ...['X-Forwarded-Server: spoofed', 'X-Forwarded-Prefix: /spoofed', 'X-Forwarded-Path: /spoofed'].map(
    (header) => passed(`${header} goes no further`, { headers: [header] }),
  ),
]

/** Request lines that are none, or none of ours. */
const lines: Attack[] = [
  ...(
    [
      ['HTTP/2.0', 'GET /api/ID HTTP/2.0'],
      ['HTTP/1.2', 'GET /api/ID HTTP/1.2'],
      ['HTTP/9.9', 'GET /api/ID HTTP/9.9'],
      ['HTTP/0.9', 'GET /api/ID'],
      ['HTTP/1.10', 'GET /api/ID HTTP/1.10'],
      ['a negative version', 'GET /api/ID HTTP/-1.1'],
      ['http in small letters', 'GET /api/ID http/1.1'],
      ['a tab', 'GET\t/api/ID\tHTTP/1.1'],
      ['a blank behind', 'GET /api/ID HTTP/1.1 '],
      ['a blank in front', ' GET /api/ID HTTP/1.1'],
      ['a blank in the target', 'GET /api/ID x HTTP/1.1'],
      ['8-bit characters', 'GET /api/ID\xe9 HTTP/1.1'],
      ['UTF-8 in the query', 'GET /api/ID?\xc3\xa9 HTTP/1.1'],
      ['a NUL', 'GET /api/ID\0 HTTP/1.1'],
      ['a bare CR', 'GET /api/ID\rX: HTTP/1.1'],
      ['a bare LF', 'GET /api/ID HTTP/1.1\nX-Evil: spoofed'],
      ['a DEL', 'GET /api/ID\x7f HTTP/1.1'],
      ['an unknown method', 'EVIL /api/ID HTTP/1.1'],
      ['a method in small letters', 'get /api/ID HTTP/1.1'],
      ['a method with a NUL', 'GE\0T /api/ID HTTP/1.1'],
      ['no target', 'GET HTTP/1.1'],
      ['PRI of HTTP/2', 'PRI * HTTP/2.0'],
      ['CONNECT', 'CONNECT app.example:443 HTTP/1.1'],
      ['CONNECT to a path', 'CONNECT /api/ID HTTP/1.1'],
      ['a method of RTSP', 'DESCRIBE /api/ID HTTP/1.1'],
      ['ICE', 'GET /api/ID ICE/1.0'],
    ] as const
  ).map(([what, line]) => refused(`a request line with ${what}`, { line }, [400, 'closed'])),
  // Judged and written anew, as every other request.
  passed('a request line with two blanks', { line: 'GET  /api/ID HTTP/1.1' }),
  passed('SOURCE of Icecast', { line: 'SOURCE /api/ID ICE/1.0' }, ['SOURCE /api/ID']),
  passed('GET of RTSP', { line: 'GET /api/ID RTSP/1.0' }),
  passed('DESCRIBE of RTSP', { line: 'DESCRIBE /api/ID RTSP/1.0' }, ['DESCRIBE /api/ID']),
  refused('SOURCE of nobody', { line: 'SOURCE /api/ID ICE/1.0', base: [host, here] }, [401]),
  refused('a request line with TRACE', { line: 'TRACE /api/ID HTTP/1.1' }, [405]),
]

/** Paths that the gate could read in one way and the upstream in another. */
const torn: [what: string, path: string][] = [
  ['a dot segment', '/api/ID/..'],
  ['a dot segment inside', '/api/../admin/ID'],
  ['many dot segments', '/api/ID/../../../../etc/passwd'],
  ['a single dot', '/api/./ID'],
  ['a single dot at the end', '/api/ID/.'],
  ['an encoded dot segment', '/api/%2e%2e/ID'],
  ['a half-encoded dot segment', '/api/.%2E/ID'],
  ['an encoded single dot', '/api/%2e/ID'],
  ['a dot segment encoded twice', '/api/%252e%252e/ID'],
  ['a dot segment encoded three times', '/api/%25252e%25252e/ID'],
  ['a dot segment with its percent sign encoded in parts', '/api/%25%32%65%25%32%65/ID'],
  ['a dot segment with an encoded slash', '/api/..%2fID'],
  ['a dot segment between encoded slashes', '/api/x%2f..%2fID'],
  ['a dot segment with a slash encoded twice', '/api/..%252fID'],
  ['a dot segment with an encoded backslash', '/api/..%5cID'],
  ['a dot segment with a backslash encoded twice', '/api/..%255cID'],
  ['a dot segment with a backslash', '/api/..\\ID'],
  ['a dot segment with parameters', '/api/..;x=1/ID'],
  ['a dot segment with empty parameters', '/api/..;/ID'],
  ['a dot segment with encoded parameters', '/api/%2e%2e%3bx/ID'],
  ['a single dot with parameters', '/api/.;x/ID'],
  ['a path that leads into the route', '/static/../api/ID'],
  ['an encoded path that leads into the route', '/static/%2e%2e/api/ID'],
  ['a path that leads into the route by a backslash', '/static\\..\\api/ID'],
  ['a path that leads into the route by parameters', '/static/..;/api/ID'],
  ['a path that leads out of the open route', '/api/open/../ID'],
  ['a path that leads out of the open route, encoded', '/api/open/%2e%2e/ID'],
  ['a path that leads out of the open route by one segment', '/api/open%2f..%2fID'],
  ['an empty segment', '/api//ID'],
  ['an empty segment in front of a dot segment', '//../api/ID'],
  ['empty segments at the end', '/api/ID//'],
  ['an encoded NUL', '/api/ID%00'],
  ['a NUL encoded twice', '/api/ID%2500'],
  ['an encoded NUL before a suffix', '/api/ID%00.png'],
  ['encoded line breaks', '/api/ID%0d%0aX-Evil:%20spoofed'],
  ['a line break encoded twice', '/api/ID%250a'],
  ['an encoded tab', '/api/ID%09'],
  ['an encoded DEL', '/api/ID%7f'],
  ['a fragment', '/api/ID#/../admin'],
  ['a fragment in the query', '/api/ID?x#y'],
  ['an unfinished escape', '/api/ID%'],
  ['half an escape', '/api/ID%2'],
  ['an escape that is none', '/api/ID%zz'],
  ['an escape of IIS', '/api/%u002e%u002e/ID'],
  ['overlong UTF-8', '/api/%c0%ae%c0%ae/ID'],
  ['an overlong slash', '/api/ID%c0%afx'],
  ['an overlong NUL', '/api/ID%c0%80'],
  ['UTF-8 in three bytes for two dots', '/api/%e0%80%ae%e0%80%ae/ID'],
  ['a surrogate', '/api/ID%ed%a0%80'],
  ['half a character', '/api/ID%e2%82'],
  ['Latin-1', '/api/ID%ff'],
  ['forty layers of encoding', `/api/ID%${'25'.repeat(40)}2e`],
]

/** Spellings that make two routes of one path: none of them gets past the stricter route by the looser one. */
const confusions: [what: string, path: string, answer: number][] = [
  ['an encoded slash after the prefix', '/api%2fID', 404],
  ['a slash encoded twice after the prefix', '/api%252fID', 404],
  ['a fragment in front', '/#/api/ID', 404],
  ['an encoded backslash after the prefix', '/api%5cID', 404],
  ['capitals', '/API/ID', 404],
  ['a longer first segment', '/apix/ID', 404],
  ['a shorter first segment', '/ap/ID', 404],
  ['a dot behind the first segment', '/api./ID', 404],
  ['a blank behind the first segment', '/api%20/ID', 404],
  ['a parameter on the first segment', '/api;x/ID', 404],
  ['a question mark in the first segment', '/api%3fx/ID', 404],
  ['an encoded slash after the open prefix', '/api/open%2fID', 400],
  ['an encoded backslash after the open prefix', '/api/open%5cID', 400],
  ['a parameter on the open prefix', '/api/open;x/ID', 400],
  ['an encoded parameter on the open prefix', '/api/open%3bx/ID', 400],
  ['an encoded slash after the strict prefix', '/api/open/strict%2fID', 400],
  ['an encoded backslash after the strict prefix', '/api/open/strict%5cID', 400],
  ['a slash encoded twice after the strict prefix', '/api/open/strict%252fID', 400],
  ['a parameter on the strict prefix', '/api/open/strict;x=y/ID', 400],
  ['an encoded parameter on the strict prefix', '/api/open/strict%3b/ID', 400],
  ['the strict prefix encoded twice', '/api/open/%2573trict/ID', 400],
  ['capitals in the open prefix', '/api/OPEN/ID', 401],
  ['a longer open prefix', '/api/openx/ID', 401],
  ['the strict prefix', '/api/open/strict/ID', 401],
  ['the strict prefix, encoded', '/api/open/%73trict/ID', 401],
  ['the prefix, encoded', '/%61pi/ID', 401],
]

/** What only looks odd: passed on byte for byte. */
const kept = [
  '/api/ID%2Fb',
  '/api/ID%252Fb',
  '/api/ID%20x+y',
  '/api/%49%44/ID',
  '/api/ID;v=1',
  '/api/ID;v=1/x;y',
  '/api/.ID',
  '/api/ID...',
  '/api/..ID/x',
  '/api/ID%ED%95%9C',
  '/api/ID/',
  '/api/ID?a=../../b&c=//d&e=%2e%2e%2f%00%zz',
  '/api/ID??&&==',
  "/api/ID!$&'()*+,;=:@~_-",
  '/api/ID%3Fx%23y',
  '/api/ID%5B%5D',
]

export const paths: readonly Attack[] = [
  ...lines,
  ...torn.map(([what, path]) =>
    refused(`a path with ${what}`, { line: `GET ${path} HTTP/1.1` }, [400, 'closed']),
  ),
  ...confusions.map(([what, path, answer]) =>
    refused(`nobody's path with ${what}`, { line: `GET ${path} HTTP/1.1`, base: [host, here] }, [answer]),
  ),
  ...kept.map((path) =>
    passed(`${path} is passed on as it is`, { line: `GET ${path} HTTP/1.1`, base: member }, [`GET ${path}`]),
  ),
]
