import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../clock.ts'
import { requestId } from '../http/request-id.ts'

/** The build is looked at again after a second (spa-build.ts): until then the same question has the same answer. */
const sameForMs = 1000
const mostRemembered = 1000

/** What was answered this second, ready to be written again: a page's files come in bursts, from many people at once. */
export interface RecentAnswers {
  /** Answers, if it can; else nothing was written. */
  answer(req: IncomingMessage, res: ServerResponse): boolean
  /** Keeps an answer whose headers are set and whose body is `bytes`. */
  remember(req: IncomingMessage, res: ServerResponse, bytes: Buffer): void
}

interface Remembered {
  readonly until: number
  readonly headers: readonly string[]
  readonly bytes: Buffer
}

/** For answers that depend on nothing but the address and Accept-Encoding. */
export function createRecentAnswers(now: Clock): RecentAnswers {
  const known = new Map<string, Remembered>()
  const untouched = new WeakSet<ServerResponse>()
  return {
    answer(req, res) {
      // An application that mounts us may have set a header for this one caller, a cookie say: nobody else's answer.
      if (!isPlainGet(req) || res.getHeaderNames().length > 0) return false
      const found = known.get(keyOf(req))
      if (!found || found.until <= now()) {
        untouched.add(res)
        return false
      }
      res.writeHead(200, [...found.headers, 'X-Request-Id', requestId(req)])
      res.end(found.bytes)
      return true
    },
    remember(req, res, bytes) {
      if (!untouched.has(res)) return
      if (known.size >= mostRemembered) known.clear()
      const headers = Object.entries({ ...res.getHeaders(), 'content-length': bytes.length })
        .filter(([name]) => name !== 'x-request-id')
        .flatMap(([name, value]) => [name, String(value)])
      known.set(keyOf(req), { until: now() + sameForMs, headers, bytes })
    },
  }
}

/** Not conditional and not of a range (RFC 9110 §13.1, §14.2): the whole answer is wanted. */
function isPlainGet({ method, headers }: IncomingMessage): boolean {
  return (
    method === 'GET' &&
    headers.range === undefined &&
    headers['if-none-match'] === undefined &&
    headers['if-modified-since'] === undefined &&
    headers['if-match'] === undefined &&
    headers['if-unmodified-since'] === undefined
  )
}

function keyOf({ url, headers }: IncomingMessage): string {
  return `${headers['accept-encoding'] ?? ''}\n${url}`
}
