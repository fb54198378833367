import type { Contestant } from './contestants.ts'
import type { Job } from './generator.ts'

/** One way of putting every contestant that can take it under load. */
export interface Scenario {
  readonly name: string
  /** The contestant that the others are measured against. */
  readonly against: string
  readonly includes: (contestant: Contestant) => boolean
  readonly job: (contestant: Contestant) => Omit<Job, 'origin' | 'seconds' | 'connections'>
  readonly connections?: number
  readonly seconds?: number
}

/** What a browser's fetch sends besides its cookie. */
const browser = {
  Accept: '*/*',
  'Accept-Language': 'ko-KR,ko;q=0.9,en;q=0.8',
  'User-Agent':
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36',
  'Sec-Fetch-Site': 'same-origin',
  'Sec-Fetch-Mode': 'cors',
  'Sec-Fetch-Dest': 'empty',
}

const get = { path: '/api/notes', method: 'GET', headers: browser, bodyBytes: 0, expected: 200 } as const
const knowsSessions = ({ cookies }: Contestant) => cookies.length > 0
const everybody = () => true

export const scenarios: readonly Scenario[] = [
  {
    name: 'GET, 200 bytes of JSON, one session',
    against: 'undici',
    includes: everybody,
    job: ({ cookies }) => ({ ...get, cookies: cookies.slice(0, 1) }),
  },
  {
    name: 'the same, 300 sessions in turn',
    against: 'stock',
    includes: knowsSessions,
    job: ({ cookies }) => ({ ...get, cookies: cookies.slice(0, 300) }),
  },
  {
    name: 'POST of 2 KB',
    against: 'undici',
    includes: everybody,
    job: ({ cookies }) => ({ ...get, method: 'POST', bodyBytes: 2048, cookies: cookies.slice(0, 1) }),
  },
  {
    name: 'forged cookies',
    against: 'stock',
    includes: knowsSessions,
    job: ({ name }) => ({
      ...get,
      expected: 401,
      cookies: Array.from({ length: 100 }, (_, at) =>
        forged(name === 'stock' ? 'connect.sid' : 'session', at),
      ),
    }),
  },
  {
    name: 'a static file of 4 KB',
    against: 'stock',
    includes: (contestant) => knowsSessions(contestant) || contestant.name === 'nginx',
    job: () => ({ ...get, path: '/assets/app-12345678.js', cookies: [] }),
  },
  {
    name: 'at 2,000 requests a second',
    against: 'undici',
    includes: ({ name }) => name === 'coatcheck' || name === 'undici',
    job: ({ cookies }) => ({ ...get, cookies: cookies.slice(0, 1), rate: 2000 }),
  },
  {
    name: 'GET of 100 MB',
    against: 'undici',
    includes: ({ name }) => name === 'coatcheck' || name === 'undici',
    connections: 2,
    job: ({ cookies }) => ({ ...get, path: '/api/bytes/104857600', cookies: cookies.slice(0, 1) }),
  },
]

/** A cookie of the right shape that nobody signed. */
function forged(name: string, at: number): string {
  const ticket = `${'A'.repeat(38)}${String(at).padStart(5, '0')}`
  return `${name}=s%3A${ticket}.${'B'.repeat(43)}`
}
