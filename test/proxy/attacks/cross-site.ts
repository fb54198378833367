import { type Attack, cookie, host, origin, passed, post, refused, request } from './attack.ts'

/** What a browser, or somebody who is none, may say about where a call comes from; undefined: nothing. */
const sites = [undefined, 'same-origin', 'same-site', 'cross-site', 'none', 'sideways'] as const
const origins = [undefined, origin, 'https://evil.example', 'null'] as const
const proofs = [undefined, '1', '0'] as const
const methods = ['GET', 'POST'] as const

type Said = {
  readonly site: (typeof sites)[number]
  readonly from: (typeof origins)[number]
  readonly proof: (typeof proofs)[number]
  readonly method: (typeof methods)[number]
}

/** CONTRACT §5 for a member's call, as a table: by what Sec-Fetch-Site says, and only without it by Origin, then X-CSRF. */
function mayPass({ site, from, proof, method }: Said): boolean {
  switch (site) {
    case 'same-origin':
      return true
    case 'none':
      return method === 'GET'
    case undefined:
      return from === undefined ? proof === '1' : from === origin
    default:
      return false
  }
}

function callOf(said: Said): Attack {
  const { site, from, proof, method } = said
  const headers = [
    ...(site === undefined ? [] : [`Sec-Fetch-Site: ${site}`]),
    ...(from === undefined ? [] : [`Origin: ${from}`]),
    ...(proof === undefined ? [] : [`X-CSRF: ${proof}`]),
    ...(method === 'POST' ? ['Content-Length: 0'] : []),
  ]
  const line = `${method} /api/ID HTTP/1.1`
  const what = `${method}, Sec-Fetch-Site ${site ?? '-'}, Origin ${from ?? '-'}, X-CSRF ${proof ?? '-'}`
  const parts = { line, base: [host, cookie], headers }
  return mayPass(said) ? passed(what, parts, [`${method} /api/ID`]) : refused(what, parts, [403])
}

export const crossSite: readonly Attack[] = [
  ...sites.flatMap((site) =>
    origins.flatMap((from) =>
      proofs.flatMap((proof) => methods.map((method) => callOf({ site, from, proof, method }))),
    ),
  ),
  ...(
    [
      ['same-origin twice', ['Sec-Fetch-Site: same-origin', 'Sec-Fetch-Site: same-origin']],
      ['same-origin and cross-site', ['Sec-Fetch-Site: same-origin', 'Sec-Fetch-Site: cross-site']],
      ['cross-site and same-origin', ['Sec-Fetch-Site: cross-site', 'Sec-Fetch-Site: same-origin']],
      ['same-origin in capitals', ['Sec-Fetch-Site: SAME-ORIGIN']],
      ['same-origin with a parameter', ['Sec-Fetch-Site: same-origin;x']],
      ['an empty site', ['Sec-Fetch-Site: ']],
      ['a site with an underscore', ['Sec_Fetch_Site: same-origin']],
      ['a prefetch', ['Sec-Fetch-Site: none', 'Sec-Purpose: prefetch']],
      ['a prerender', ['Sec-Fetch-Site: none', 'Sec-Purpose: prefetch;prerender']],
      ['a purpose that is empty', ['Sec-Fetch-Site: none', 'Sec-Purpose: ']],
      ['our origin and another', [`Origin: ${origin}`, 'Origin: https://evil.example']],
      ['another origin and ours', ['Origin: https://evil.example', `Origin: ${origin}`]],
      [
        'our origin twice, which same-origin cannot mend',
        ['Sec-Fetch-Site: same-origin', `Origin: ${origin}`, `Origin: ${origin}`],
      ],
      ['our origin with a slash', [`Origin: ${origin}/`]],
      ['our origin in capitals', ['Origin: HTTPS://APP.EXAMPLE']],
      ['our origin with its port', [`Origin: ${origin}:443`]],
      ['our origin as a prefix', [`Origin: ${origin}.evil.example`]],
      ['our origin as a user', [`Origin: ${origin}@evil.example`]],
      ['our origin as a suffix', ['Origin: https://evil.app.example']],
      ['our origin with a dot', [`Origin: ${origin}.`]],
      ['our origin over http', ['Origin: http://app.example']],
      ['an origin in a list', [`Origin: ${origin} https://evil.example`]],
      ['an empty origin', ['Origin: ']],
      ['two CSRF headers', ['X-CSRF: 1', 'X-CSRF: 1']],
      ['a CSRF header with an underscore', ['X_CSRF: 1']],
      ['a CSRF header that says true', ['X-CSRF: true']],
      ['only a referrer', [`Referer: ${origin}/`]],
      ['only who asks', ['X-Requested-With: XMLHttpRequest']],
    ] as [string, string[]][]
  ).map(([what, headers]) => refused(`a call that says ${what}`, { base: [host, cookie], headers }, [403])),
  ...['application/x-www-form-urlencoded', 'text/plain', 'multipart/form-data; boundary=x'].map((type) =>
    refused(
      `a form of ${type} from nowhere`,
      {
        line: post,
        base: [host, cookie],
        headers: [`Content-Type: ${type}`, 'Content-Length: 3'],
        body: 'a=b',
      },
      [403],
    ),
  ),
  ...['PUT', 'PATCH', 'DELETE', 'OPTIONS', 'QUERY'].map((method) =>
    refused(
      `${method} that no page sent`,
      {
        line: `${method} /api/ID HTTP/1.1`,
        base: [host, cookie, 'Sec-Fetch-Site: none', 'Content-Length: 0'],
      },
      [403],
    ),
  ),
  refused(
    'a preflight, which has no cookie',
    {
      line: 'OPTIONS /api/ID HTTP/1.1',
      base: [host, 'Origin: https://evil.example', 'Access-Control-Request-Method: POST'],
    },
    [403],
  ),
  refused('nobody, who says cross-site', { base: [host, 'Sec-Fetch-Site: cross-site'] }, [403]),
  refused('nobody, who says same-origin', { base: [host, 'Sec-Fetch-Site: same-origin'] }, [401]),
  refused('nobody, who says nothing', { base: [host] }, [401]),
]

const handshake = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
]

/** No browser sends Fetch Metadata with a handshake, every browser sends Origin. Who is let in gets the upstream's 200. */
export const crossSiteSockets: readonly Attack[] = [
  undefined,
  'same-origin',
  'none',
  'same-site',
  'cross-site',
]
  .flatMap((site) =>
    [
      undefined,
      origin,
      'https://evil.example',
      'null',
      '',
      `${origin}/`,
      `${origin}:443`,
      `${origin}.evil.example`,
      'wss://app.example',
      'http://app.example',
      `${origin}\r\nOrigin: ${origin}`,
      `${origin}\r\nOrigin: https://evil.example`,
    ].map((from) => ({ site, from })),
  )
  .map(({ site, from }) => {
    const headers = [
      ...handshake,
      ...(site === undefined ? [] : [`Sec-Fetch-Site: ${site}`]),
      ...(from === undefined ? [] : [`Origin: ${from}`]),
    ]
    const welcome = from === origin && site !== 'same-site' && site !== 'cross-site'
    return {
      what: `a socket, Sec-Fetch-Site ${site ?? '-'}, Origin ${from?.replace('\r\nOrigin:', ' and') ?? '-'}`,
      bytes: request({ base: [host, cookie], headers }),
      answers: [welcome ? 200 : 403],
      reaches: welcome ? ['GET /api/ID'] : [],
    }
  })
  .concat([
    {
      what: 'a socket with X-CSRF instead of an origin',
      bytes: request({ base: [host, cookie], headers: [...handshake, 'X-CSRF: 1'] }),
      answers: [403],
      reaches: [],
    },
    {
      what: 'a socket of nobody',
      bytes: request({ base: [host], headers: [...handshake, `Origin: ${origin}`] }),
      answers: [401],
      reaches: [],
    },
    {
      what: 'a socket of nobody from elsewhere',
      bytes: request({ base: [host], headers: [...handshake, 'Origin: https://evil.example'] }),
      answers: [403],
      reaches: [],
    },
  ])
