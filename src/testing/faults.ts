import type { ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { type Answer, send } from './answer.ts'

/** What an endpoint does instead of answering as it should; `answer` is what it would have said. */
export type Fault = (res: ServerResponse, answer: () => Promise<Answer>) => void | Promise<void>

const megabyte = 1024 * 1024

/** Everything a provider, or whatever stands before it, has been seen to do to its clients. */
export const faults = {
  /** Says something else. */
  answer: (
    status: number,
    body: string | object = '',
    headers: Readonly<Record<string, string>> = {},
  ): Fault => {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    const type = typeof body === 'string' ? 'text/html; charset=utf-8' : 'application/json'
    return (res) => send(res, { status, headers: { 'content-type': type, ...headers }, body: text })
  },
  /** Says what it should, in other words. */
  change:
    (change: (body: Record<string, unknown>) => object): Fault =>
    async (res, answer) => {
      const { status, headers, body } = await answer()
      send(res, { status, headers, body: JSON.stringify(change(JSON.parse(body))) })
    },
  /** Accepts the request and never says a word. */
  silence: (): Fault => () => {},
  /** Sends its headers and half of its body, and no more. */
  stall: (): Fault => async (res, answer) => {
    const { status, headers, body } = await answer()
    res.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) })
    res.write(body.slice(0, body.length / 2))
  },
  /** A byte each `everyMs`, for ever. */
  drip:
    (everyMs = 50): Fault =>
    (res) => {
      res.writeHead(200, { 'content-type': 'application/json' })
      const timer = setInterval(() => res.write(' '), everyMs)
      res.once('close', () => clearInterval(timer))
    },
  /** Breaks the connection in the middle of the body. */
  reset: (): Fault => async (res, answer) => {
    const { status, headers, body } = await answer()
    res.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) })
    res.write(body.slice(0, body.length / 2), () => res.socket?.resetAndDestroy())
  },
  /** `bytes` bytes of JSON text, as fast as they are taken. */
  oversized:
    (bytes = 50 * megabyte): Fault =>
    (res) => {
      res.writeHead(200, { 'content-type': 'application/json' })
      const chunk = ' '.repeat(64 * 1024)
      let left = bytes
      const more = () => {
        while (left > 0 && !res.destroyed) {
          left -= chunk.length
          if (!res.write(chunk)) return void res.once('drain', more)
        }
        res.end('{}')
      }
      more()
    },
  /** A few KB that unpack to 50 MB. */
  gzipBomb: (): Fault => {
    const bomb = gzipSync(Buffer.alloc(50 * megabyte, ' '))
    return (res) => {
      res.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
      res.end(bomb)
    }
  },
  /** Sends whoever asks to somebody else. */
  redirect:
    (location: string, status = 302): Fault =>
    (res) =>
      send(res, { status, headers: { location }, body: '' }),
} as const
