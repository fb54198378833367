import type { IncomingMessage, ServerResponse } from 'node:http'
import type { BodyPace } from './body-pace.ts'
import { Problem, type ProblemCode, sendProblem } from './problem.ts'
import { requestId } from './request-id.ts'
import { closeAfter, hasBody, isClosing, isComing, readAway } from './unread-body.ts'

/** No address outside the API routes takes more than 16 KB. */
const mostBytes = 1_000_000

/** Calls `next` unless the body is refused by its size; watches over what still comes of it. */
export type BodyGuard = (req: IncomingMessage, res: ServerResponse, next: () => void) => void

/** For requests that are on no route: their bodies are bounded in size and time, whatever answers them and whether it reads them. */
export function createBodyGuard(pace: BodyPace): BodyGuard {
  return (req, res, next) => {
    if (!hasBody(req)) next()
    else if (Number(req.headers['content-length'] ?? 0) > mostBytes) {
      readAway(req, mostBytes)
      refuse(req, res, 'payload-too-large')
    }
    // By then whatever came in the head's packet has been read, and a short body is no reason to close.
    else setImmediate(guard, req, res, { pace, next })
  }
}

function guard(
  req: IncomingMessage,
  res: ServerResponse,
  { pace, next }: { readonly pace: BodyPace; readonly next: () => void },
): void {
  if (!req.complete) {
    const awaited = { req, tooSlow: () => refuse(req, res, 'request-timeout') }
    pace.watch(awaited)
    res.once('close', () => pace.forget(awaited))
    bound(req, res)
  }
  next()
}

function bound(req: IncomingMessage, res: ServerResponse): void {
  const { push } = req
  let bytes = 0
  req.push = (chunk: Buffer | null, encoding?: BufferEncoding) => {
    const before = bytes
    bytes += chunk?.length ?? 0
    if (bytes <= mostBytes) return push.call(req, chunk, encoding)
    if (before <= mostBytes) refuse(req, res, 'payload-too-large')
    // Node stops reading.
    return false
  }
  const { writeHead } = res
  res.writeHead = ((...head: Parameters<typeof writeHead>) => {
    // A refusal of ours means that no more is read.
    if (isComing(req) && !isClosing(req.socket)) {
      closeAfter(req, res)
      readAway(req, mostBytes - bytes)
    }
    return writeHead.apply(res, head)
  }) as typeof writeHead
}

function refuse(req: IncomingMessage, res: ServerResponse, code: ProblemCode): void {
  if (res.headersSent) {
    req.socket.destroy()
    return
  }
  closeAfter(req, res)
  const id = requestId(req)
  res.setHeader('X-Request-Id', id)
  sendProblem(res, new Problem(code), id)
}
