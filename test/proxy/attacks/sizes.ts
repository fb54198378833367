import { type Attack, cookie, here, host, passed, post, refused, request } from './attack.ts'

const many = (count: number) => Array.from({ length: count }, (_, at) => `X-${at}: y`)

/** Too much of everything. */
export const sizes: readonly Attack[] = [
  refused('a field of 20 KB', { headers: [`X-A: ${'x'.repeat(20_000)}`] }, [431]),
  refused('a name of 20 KB', { headers: [`X-${'x'.repeat(20_000)}: y`] }, [431]),
  refused('a megabyte of fields', { headers: [`X-A: ${'x'.repeat(1_000_000)}`] }, [431, 'closed']),
  refused('a cookie of 20 KB', { base: [host, `${cookie}; x=${'x'.repeat(20_000)}`, here] }, [431]),
  refused('a target of 20 KB', { line: `GET /api/ID?${'x'.repeat(20_000)} HTTP/1.1` }, [431, 414]),
  refused('a target of a megabyte', { line: `GET /api/ID/${'x'.repeat(1_000_000)} HTTP/1.1` }, [
    431,
    414,
    'closed',
  ]),
  refused('a method of 20 KB', { line: `${'G'.repeat(20_000)} /api/ID HTTP/1.1` }, [400, 431]),
  refused('a version of 20 KB', { line: `GET /api/ID HTTP/1.${'1'.repeat(20_000)}` }, [400, 431]),
  refused('a host of 20 KB', { base: [`Host: ${'x'.repeat(20_000)}`, cookie, here] }, [431]),
  refused('300 fields', { headers: many(300) }),
  // Node keeps the first so many and drops the rest without a word: an Origin that is dropped would not be judged.
  refused(
    '3,000 fields and a foreign origin behind them',
    {
      base: [host, cookie],
      headers: [...many(1500).map((header) => header.slice(0, -2)), 'Origin: https://evil.example'],
    },
    [400, 431],
  ),
  refused('1,000 cookies', { base: [host, ...Array.from({ length: 1000 }, () => cookie), here] }, [431]),
  refused('300 names in Connection and a field for each', {
    headers: [`Connection: ${many(300).map((one) => one.slice(0, -3))}`, ...many(300)],
  }),
  refused(
    'a length beyond what the route takes',
    { line: post, headers: ['Content-Length: 5000001'] },
    [413],
  ),
  refused('a length of 2^53', { line: post, headers: ['Content-Length: 9007199254740993'] }, [413]),
  refused('a length of 2^63', { line: post, headers: ['Content-Length: 9223372036854775808'] }, [413]),
  refused(
    'a length beyond what the route takes, that would wait',
    {
      line: post,
      headers: ['Expect: 100-continue', 'Content-Length: 5000001'],
    },
    [413],
  ),
  refused('4 KB of empty lines in front', { line: `${'\r\n'.repeat(2000)}EVIL /api/ID HTTP/1.1` }),
  passed('150 fields are many, but no attack', { headers: many(150) }, ['GET /api/ID'], /^x-\d+$/),
  passed('a query of 8 KB', { line: `GET /api/ID?${'x'.repeat(8000)} HTTP/1.1` }, [
    `GET /api/ID?${'x'.repeat(8000)}`,
  ]),
  {
    what: '1,000 chunks of one byte are one body',
    bytes: request({
      line: post,
      headers: ['Transfer-Encoding: chunked'],
      body: `${'1\r\nx\r\n'.repeat(1000)}0\r\n\r\n`,
    }),
    answers: [200],
    reaches: [`POST /api/ID ${'x'.repeat(1000)}`],
  },
]
