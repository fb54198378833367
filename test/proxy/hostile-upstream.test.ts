import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { route } from './fakes.ts'
import { type Front, openWire, startFront } from './front.ts'
import { type HostileAnswer, hostileClasses } from './hostile-answers.ts'
import { type RawUpstream, startRawUpstream } from './upstream.ts'

const get = (cookie: string) =>
  `GET /api/x HTTP/1.1\r\nHost: app.example\r\nCookie: session=${cookie}\r\nSec-Fetch-Site: same-origin\r\n\r\n`
const fine = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine'

/** What the next request gets; after it everybody gets `fine`. */
let next = fine
let upstream: RawUpstream
let front: Front

beforeAll(async () => {
  upstream = await startRawUpstream((socket) => {
    socket.write(next, 'latin1')
    next = fine
  })
  front = await startFront({ routes: [route({ target: upstream.url, setCookie: true, timeoutMs: 800 })] })
  front.sessions.begin('t2')
})
afterAll(async () => {
  await front[Symbol.asyncDispose]()
  await upstream[Symbol.asyncDispose]()
})

interface Answer {
  readonly status: number
  readonly head: string
  /** Without its chunks' marks. */
  readonly body: string
  /** By its own framing. */
  readonly whole: boolean
}

function read(text: string): Answer {
  const [head = '', ...rest] = text.split('\r\n\r\n')
  const raw = rest.join('\r\n\r\n')
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1])
  if (status === 204 || status === 304) return { status, head, body: raw, whole: raw === '' }
  const length = /^content-length: (\d+)$/im.exec(head)?.[1]
  if (length !== undefined) return { status, head, body: raw, whole: raw.length === Number(length) }
  const body = [...raw.matchAll(/[0-9a-f]+\r\n([^\r]+)\r\n/g)].map(([, data]) => data).join('')
  return { status, head, body, whole: raw.endsWith('0\r\n\r\n') }
}

/** One request on a connection of its own, until the answer is whole or the connection closes. */
async function ask(cookie: string): Promise<Answer> {
  const wire = await openWire(front.port)
  wire.write(get(cookie))
  while (!wire.socket.closed && !read(wire.text).whole) await new Promise(setImmediate)
  wire.socket.destroy()
  return read(wire.text)
}

function expectedStatus({ becomes }: HostileAnswer): number {
  if (becomes === 'invalid') return 502
  if (becomes === 'late') return 504
  return becomes === 'cut' ? 200 : becomes.status
}

describe('a hostile upstream', () => {
  it.each(hostileClasses.map(([name, list, count]) => [name, count, list] as const))(
    'has %s: %i ways',
    (_name, count, list) => {
      expect(list).toHaveLength(count)
    },
  )

  describe.each(hostileClasses.map(([name, list]) => [name, list] as const))('with %s', (_name, list) => {
    it.each(list.map((answer) => [answer.what, answer] as const))('%s', async (_what, answer) => {
      next = answer.bytes
      const { status, head, body, whole } = await ask('t1')
      expect(status).toBe(expectedStatus(answer))
      expect(whole).toBe(answer.becomes !== 'cut')
      expect(head).not.toMatch(
        /spoofed|set-cookie|access-control|clear-site|alt-svc|^(?:upgrade|te|trailer|proxy-)/im,
      )
      expect(head.match(/^x-request-id: /gim)).toHaveLength(1)
      if (typeof answer.becomes === 'object') expect(body).toBe(answer.becomes.body)
      else expect(body).not.toMatch(/spoofed/)

      // Nothing of it is anybody else's answer.
      expect(await ask('t2')).toMatchObject({ status: 200, body: 'fine', whole: true })
    })
  })
})
