import { type Attack, here, hidden, host, passed, post, refused, request } from './attack.ts'

const chunked = 'Transfer-Encoding: chunked'
const hello = '5\r\nhello\r\n0\r\n\r\n'

/** Two lengths, or one that two parsers read differently: behind what one of them takes for the end hides a request. */
const framings: [what: string, headers: string[]][] = [
  ['CL.TE', ['Content-Length: 6', chunked]],
  ['TE.CL', [chunked, 'Content-Length: 6']],
  ['TE.CL with a length of 0', [chunked, 'Content-Length: 0']],
  ['TE.TE, two codings', [chunked, 'Transfer-Encoding: identity']],
  ['TE.TE, two codings, chunked last', ['Transfer-Encoding: identity', chunked]],
  ['TE.TE, chunked twice', [chunked, chunked]],
  ['TE.TE, a list', ['Transfer-Encoding: gzip, chunked']],
  ['TE.TE, chunked first', ['Transfer-Encoding: chunked, gzip']],
  ['TE.TE, chunked twice in a list', ['Transfer-Encoding: chunked, chunked']],
  ['TE.TE, a comma behind', ['Transfer-Encoding: chunked,']],
  ['TE.TE, a comma in front', ['Transfer-Encoding: ,chunked']],
  ['TE: identity', ['Transfer-Encoding: identity']],
  ['TE: xchunked', ['Transfer-Encoding: xchunked']],
  ['TE: chunkedx', ['Transfer-Encoding: chunkedx']],
  ['TE: cow', ['Transfer-Encoding: cow']],
  ['TE: chunked in quotes', ['Transfer-Encoding: "chunked"']],
  ['TE with a vertical tab', ['Transfer-Encoding: \x0bchunked']],
  ['TE with a form feed behind', ['Transfer-Encoding: chunked\x0c']],
  ['TE with a NUL behind', ['Transfer-Encoding: chunked\0']],
  ['TE with a no-break space', ['Transfer-Encoding:\xa0chunked']],
  ['TE with a parameter', ['Transfer-Encoding: chunked;q=1']],
  ['TE with a blank before the colon', ['Transfer-Encoding : chunked']],
  ['TE with a tab before the colon', ['Transfer-Encoding\t: chunked']],
  ['TE with a NUL in its name', ['Transfer\0-Encoding: chunked']],
  ['TE on a folded line', ['Transfer-Encoding:\r\n chunked']],
  ['TE folded behind another field', ['X-A: b\r\n Transfer-Encoding: chunked']],
  ['TE behind a bare LF', ['X: y\nTransfer-Encoding: chunked']],
  ['TE behind a bare CR', ['X: y\rTransfer-Encoding: chunked']],
  ['TE behind a CR and a blank', ['X: y\r\n\rTransfer-Encoding: chunked']],
  ['TE with a tab behind', ['Transfer-Encoding: chunked\t']],
  ['TE with an empty value', ['Transfer-Encoding: ']],
  ['CL twice', ['Content-Length: 5', 'Content-Length: 6']],
  ['CL twice, alike', ['Content-Length: 5', 'Content-Length: 5']],
  ['CL twice, once in small letters', ['Content-Length: 0', 'content-length: 5']],
  ['CL as a list', ['Content-Length: 5, 5']],
  ['CL as a list of different ones', ['Content-Length: 0, 5']],
  ['CL with a sign', ['Content-Length: +5']],
  ['CL negative', ['Content-Length: -5']],
  ['CL of minus nothing', ['Content-Length: -0']],
  ['CL in hexadecimal', ['Content-Length: 0x5']],
  ['CL as a fraction', ['Content-Length: 5.0']],
  ['CL with an exponent', ['Content-Length: 5e0']],
  ['CL with an underscore', ['Content-Length: 1_0']],
  ['CL with blanks inside', ['Content-Length: 1 0']],
  ['CL without digits', ['Content-Length: ']],
  ['CL beyond 64 bits', ['Content-Length: 99999999999999999999999']],
  ['CL of 2^64 + 5', ['Content-Length: 18446744073709551621']],
  ['CL with a blank before the colon', ['Content-Length : 5']],
  ['CL folded', ['Content-Length:\r\n 5']],
  ['CL with a letter', ['Content-Length: 5a']],
  ['CL in full-width digits', ['Content-Length: \xef\xbc\x95']],
  ['CL with a NUL', ['Content-Length: 5\0']],
]

const chunks: [what: string, body: string][] = [
  ['a size with a sign', '+5\r\nhello\r\n0\r\n\r\n'],
  ['a negative size', '-1\r\nhello\r\n0\r\n\r\n'],
  ['a size in 0x', '0x5\r\nhello\r\n0\r\n\r\n'],
  ['a size beyond 64 bits', 'fffffffffffffffff\r\nhello\r\n0\r\n\r\n'],
  ['a size that is none', 'z\r\nhello\r\n0\r\n\r\n'],
  ['no size', '\r\nhello\r\n0\r\n\r\n'],
  ['a blank before the size', ' 5\r\nhello\r\n0\r\n\r\n'],
  ['a tab behind the size', '5\t\r\nhello\r\n0\r\n\r\n'],
  ['a NUL behind the size', '5\0\r\nhello\r\n0\r\n\r\n'],
  ['a comma behind the size', '5,\r\nhello\r\n0\r\n\r\n'],
  ['a size that ends with a bare LF', '5\nhello\r\n0\r\n\r\n'],
  ['a size that ends with a bare CR', '5\rhello\r\n0\r\n\r\n'],
  ['a size that ends with two CR', '5\r\r\nhello\r\n0\r\n\r\n'],
  ['too many bytes', '3\r\nhello\r\n0\r\n\r\n'],
  ['data that ends with a bare LF', '5\r\nhello\n0\r\n\r\n'],
  ['data that ends with a bare CR', '5\r\nhello\r0\r\n\r\n'],
  ['data that ends with two other bytes', '5\r\nhelloXX0\r\n\r\n'],
  ['data without an end', '5\r\nhello0\r\n\r\n'],
  ['a last size that ends with a bare LF', '5\r\nhello\r\n0\n\n'],
  ['an end of two bare LF', '5\r\nhello\r\n0\r\n\n'],
  ['an extension with a bare CR', '5;a\rb\r\nhello\r\n0\r\n\r\n'],
  ['an extension with a bare LF', '5;a\nhello\r\n0\r\n\r\n'],
  ['an empty extension with a bare LF', '5;\nhello\r\n0\r\n\r\n'],
  ['a last extension with a bare LF', '5\r\nhello\r\n0;a\n\r\n'],
  ['an extension of 32 KB', `5;${'a'.repeat(32_768)}\r\nhello\r\n0\r\n\r\n`],
  ['a trailer that is no field', '5\r\nhello\r\n0\r\nGET /x HTTP/1.1\r\n\r\n'],
  ['a trailer that is a length', '5\r\nhello\r\n0\r\nContent-Length: 50\r\n\r\n'],
  ['a trailer that is a coding', '5\r\nhello\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n'],
  ['a trailer of 32 KB', `5\r\nhello\r\n0\r\nX: ${'a'.repeat(32_768)}\r\n\r\n`],
]

/** Bodies that are whole and plain: they go on, and what else came with them does not. */
const harmless: [what: string, headers: string[], body: string][] = [
  ['a chunk extension', [chunked], '5;a=b\r\nhello\r\n0\r\n\r\n'],
  ['an extension with a request in quotes', [chunked], '5;a="GET /x"\r\nhello\r\n0;b\r\n\r\n'],
  ['a size in capitals and with zeros', [chunked], '00005\r\nhello\r\n000\r\n\r\n'],
  [
    'a trailer',
    [chunked, 'Trailer: X-Evil'],
    '5\r\nhello\r\n0\r\nX-Evil: spoofed\r\nAuthorization: spoofed\r\n\r\n',
  ],
  ['a coding in capitals', ['TRANSFER-ENCODING: CHUNKED'], hello],
  ['a length with zeros in front', ['Content-Length: 0005'], 'hello'],
  ['a length between tabs', ['Content-Length:\t5\t'], 'hello'],
  [
    'a coding with an underscore beside the length',
    ['Content-Length: 5', 'Transfer_Encoding: chunked'],
    'hello',
  ],
  ['a length with an underscore beside the length', ['Content-Length: 5', 'Content_Length: 50'], 'hello'],
]

function refusedFraming([what, headers]: [string, string[]]): Attack {
  return refused(what, { line: post, headers, body: `0\r\n\r\n${hidden}` })
}

export const smuggling: readonly Attack[] = [
  ...framings.map(refusedFraming),
  refused('TE on HTTP/1.0', {
    line: 'POST /api/ID HTTP/1.0',
    headers: [chunked],
    body: `0\r\n\r\n${hidden}`,
  }),
  refused('TE on HTTP/1.0 that would stay open', {
    line: 'POST /api/ID HTTP/1.0',
    headers: [chunked, 'Connection: keep-alive'],
    body: `0\r\n\r\n${hidden}`,
  }),
  ...chunks.map(
    ([what, body]): Attack => ({
      what: `a chunk with ${what}`,
      bytes: request({ line: post, headers: [chunked], body: `${body}${hidden}` }),
      // Node's parser finds out while the body is on its way: then both sides are cut.
      answers: [400, 413, 431, 'closed'],
      reaches: [],
    }),
  ),
  ...harmless.map(([what, headers, body]) =>
    passed(`${what} goes no further`, { line: post, headers, body }, ['POST /api/ID hello']),
  ),
  ...['GET', 'HEAD', 'DELETE', 'OPTIONS', 'PATCH'].map((method) =>
    passed(
      `CL.0: a body on ${method} stays a body`,
      { line: `${method} /api/ID HTTP/1.1`, headers: ['Content-Length: SIZE'], body: hidden },
      [`${method} /api/ID ${hidden}`],
    ),
  ),
  ...['GET', 'OPTIONS'].map((method) =>
    passed(
      `TE.0: chunks on ${method} stay a body`,
      { line: `${method} /api/ID HTTP/1.1`, headers: [chunked], body: hello },
      [`${method} /api/ID hello`],
    ),
  ),
  refused(
    'CL.0: a body on a refused request is no request',
    { base: [host, here], line: post, headers: ['Content-Length: SIZE'], body: hidden },
    [401],
  ),
  refused(
    'CL.0: a body on an expectation that nobody knows is no request',
    { line: post, headers: ['Expect: 100-continues', 'Content-Length: SIZE'], body: hidden },
    [417],
  ),
  ...[
    ['Expect: 100-continue'],
    ['Expect: y', 'Expect: 100-continue'],
    ['Expect: 100-continue', 'Expect: 100-continue'],
    ['EXPECT: y 100-CONTINUE'],
  ].map((headers) => ({
    ...passed(
      `a body that does not wait for 100 Continue stays a body: ${headers.join(' and ')}`,
      { line: post, headers: [...headers, 'Content-Length: SIZE'], body: hidden },
      [`POST /api/ID ${hidden}`],
    ),
    answers: [100],
  })),
  passed(
    'Connection: Content-Length does not lose the length',
    { line: post, headers: ['Connection: content-length', 'Content-Length: SIZE'], body: hidden },
    [`POST /api/ID ${hidden}`],
  ),
  passed(
    'Connection: Transfer-Encoding does not lose the chunks',
    { line: post, headers: ['Connection: transfer-encoding', chunked], body: hello },
    ['POST /api/ID hello'],
  ),
]
