import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

const acceptable = /^[A-Za-z0-9._-]{1,64}$/
const id = Symbol('request id')

/** The request's id, the same from edge to upstream: the client's `X-Request-Id` if it is well formed, else a UUID. */
export function requestId(req: IncomingMessage & { [id]?: string }): string {
  const known = req[id]
  if (known !== undefined) return known
  const sent = req.headers['x-request-id']
  const chosen = typeof sent === 'string' && acceptable.test(sent) ? sent : randomUUID()
  req[id] = chosen
  return chosen
}
