import type { Contestant } from './contestants.ts'
import type { Job } from './generator.ts'

/** A contestant under one kind of load. */
export interface Entry {
  readonly label: string
  readonly contestant: Contestant
  readonly job: Omit<Job, 'origin' | 'seconds' | 'connections'>
}

/** Entries that are measured in turns, and compared with each other. */
export interface Scenario {
  readonly name: string
  /** The label of the entry that the others are measured against. */
  readonly against: string
  readonly entries: (contestants: readonly Contestant[]) => readonly Entry[]
  readonly connections?: number
  /** A run shorter than this says nothing. */
  readonly leastSeconds?: number
  readonly leastRounds?: number
  /** Every process of those that have several takes part. */
  readonly ofTwins?: boolean
  /** Who is left out of `--quick`. */
  readonly notQuick?: RegExp
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

type Call = Entry['job']
const get: Call = {
  path: '/api/notes',
  method: 'GET',
  headers: browser,
  cookies: [],
  bodyBytes: 0,
  expected: 200,
}
const bothCores = /both cores/
/** They share a process's settings with coatcheck, and nothing but a request line or a core more. */
const variants = /^coatcheck,/
const sessionsOfMany = 300

/** A call of the first signed-in person, by everybody whose name fits. */
function each(fits: (contestant: Contestant) => boolean, call: Call) {
  return (contestants: readonly Contestant[]): Entry[] =>
    contestants
      .filter(fits)
      .map((contestant) => ({ label: contestant.name, contestant, job: withSessions(call, contestant, 1) }))
}

function withSessions(call: Call, { cookies }: Contestant, count: number): Call {
  return { ...call, cookies: cookies.slice(0, count) }
}

const onOneCore = ({ name }: Contestant) => !bothCores.test(name)
const named = (...names: string[]) => {
  return ({ name }: Contestant) => names.includes(name)
}

export const scenarios: readonly Scenario[] = [
  {
    name: 'GET, 200 bytes of JSON, one session',
    against: 'undici',
    ofTwins: true,
    entries: each(onOneCore, get),
  },
  {
    name: 'the same, with more sessions',
    against: 'coatcheck, one session',
    notQuick: /^stock/,
    entries: (contestants) =>
      contestants.filter(named('coatcheck', 'stock')).flatMap((contestant) => {
        const { name, cookies } = contestant
        const of = (label: string, count: number) => ({
          label: `${name}, ${label}`,
          contestant,
          job: withSessions(get, contestant, count),
        })
        // More than are kept in memory, in turn: every call reads its session from Redis.
        const all = cookies.length > sessionsOfMany ? [of('another one each call', cookies.length)] : []
        return [of('one session', 1), of('300 in turn', sessionsOfMany), ...all]
      }),
  },
  {
    name: 'POST of 2 KB',
    against: 'undici',
    notQuick: /^(?!coatcheck$|undici$)/,
    entries: each(onOneCore, { ...get, method: 'POST', bodyBytes: 2048 }),
  },
  {
    name: 'forged cookies',
    against: 'stock',
    entries: (contestants) =>
      contestants.filter(named('coatcheck', 'stock')).map((contestant) => ({
        label: contestant.name,
        contestant,
        job: { ...get, expected: 401, cookies: forgedCookies(contestant.name) },
      })),
  },
  {
    name: 'a static file of 4 KB',
    against: 'stock',
    entries: each(named('coatcheck', 'stock', 'nginx'), { ...get, path: '/assets/app-12345678.js' }),
  },
  {
    name: 'at 2,000 requests a second',
    against: 'undici',
    leastRounds: 5,
    entries: each(named('coatcheck', 'undici'), { ...get, rate: 2000 }),
  },
  {
    name: 'GET of 100 MB',
    against: 'undici',
    connections: 2,
    leastSeconds: 2,
    entries: each(named('coatcheck', 'undici'), { ...get, path: '/api/bytes/104857600' }),
  },
  {
    name: 'POST of 100 MB',
    against: 'undici',
    connections: 2,
    leastSeconds: 2,
    entries: each(named('coatcheck', 'undici'), { ...get, method: 'POST', bodyBytes: 104_857_600 }),
  },
  {
    name: 'one worker and two, everything on the same two cores',
    against: 'coatcheck, on both cores',
    entries: each(({ name }) => variants.test(name) && bothCores.test(name), get),
  },
]

/** Cookies of the right shape that nobody signed. */
function forgedCookies(contestant: string): string[] {
  const name = contestant === 'stock' ? 'connect.sid' : 'session'
  return Array.from({ length: 100 }, (_, at) => {
    const ticket = `${'A'.repeat(38)}${String(at).padStart(5, '0')}`
    return `${name}=s%3A${ticket}.${'B'.repeat(43)}`
  })
}
