import type { Dice } from '../support/dice.ts'

/** One connection's worth of bytes, in the pieces that they are sent in, and how it ends. */
export interface Fuzzed {
  readonly pieces: readonly string[]
  readonly ending: 'end' | 'reset' | 'wait'
}

const marks = [
  '\r',
  '\n',
  '\r\n',
  '\0',
  ':',
  ' ',
  ';',
  '/',
  '\\',
  '%2e',
  '%00',
  ',',
  '\x80',
  '\xff',
  '0',
  'ffffffff',
  '"',
]
const tokens = [
  'Transfer-Encoding: chunked\r\n',
  'Content-Length: 5\r\n',
  'Content-Length: 0\r\n',
  'Host: evil.example\r\n',
  'Connection: upgrade\r\n',
  'Connection: close\r\n',
  'Connection: authorization, x-forwarded-for\r\n',
  'Expect: 100-continue\r\n',
  'Upgrade: websocket\r\n',
  'Origin: https://evil.example\r\n',
  'Sec-Fetch-Site: cross-site\r\n',
  'Sec-Purpose: prefetch\r\n',
  'X-Forwarded-For: spoofed\r\n',
  'X-HTTP-Method-Override: DELETE\r\n',
  'Cookie: session=spoofed\r\n',
  '\r\n\r\n',
  '0\r\n\r\n',
  '5\r\nhello\r\n',
  'GET /api/open/x HTTP/1.1\r\n',
  'POST /api/x HTTP/1.1\r\n',
]

/** A request of the corpus, or two in a row, torn and patched at random; the same for the same dice. */
export function fuzz(corpus: readonly string[], dice: Dice): Fuzzed {
  const pick = <T>(list: readonly T[]): T => list[dice(list.length)] as T
  let bytes = pick(corpus)
  if (dice(3) === 0) bytes += pick(corpus)
  for (let left = dice(4); left > 0; left -= 1) {
    const at = dice(bytes.length)
    const to = at + dice(Math.min(40, bytes.length - at))
    const kind = dice(5)
    if (kind === 0) bytes = bytes.slice(0, at) + pick(marks) + bytes.slice(at + 1)
    else if (kind === 1) bytes = bytes.slice(0, at) + bytes.slice(to)
    else if (kind === 2) bytes = bytes.slice(0, to) + bytes.slice(at)
    else if (kind === 3) bytes = bytes.slice(0, at) + pick(tokens) + bytes.slice(at)
    // At the end of a line, where a header has its place.
    else bytes = bytes.replace('\r\n', `\r\n${pick(tokens)}`)
  }
  const cut = dice(bytes.length)
  const pieces = dice(3) === 0 ? [bytes.slice(0, cut), bytes.slice(cut)] : [bytes]
  return { pieces: pieces.filter(Boolean), ending: pick(['end', 'reset', 'wait', 'wait']) }
}
