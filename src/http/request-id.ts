import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

const acceptable = /^[A-Za-z0-9._-]{1,64}$/
const ids = new WeakMap<IncomingMessage, string>()

/** The request's id, the same from edge to upstream: the client's `X-Request-Id` if it is well formed, else a UUID. */
export function requestId(req: IncomingMessage): string {
  const known = ids.get(req)
  if (known) return known
  const sent = req.headers['x-request-id']
  const id = typeof sent === 'string' && acceptable.test(sent) ? sent : randomUUID()
  ids.set(req, id)
  return id
}
