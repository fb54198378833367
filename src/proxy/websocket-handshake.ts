import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { hasBody } from '../http/unread-body.ts'

type Handshake = Pick<IncomingMessage, 'headers' | 'method' | 'httpVersion'>

/** Whether a request asks for a WebSocket, the only upgrade there is here; on HTTP/1.0 there is none (RFC 9110 §7.8). */
export function asksForWebSocket({ method, headers, httpVersion }: Handshake): boolean {
  return method === 'GET' && httpVersion !== '1.0' && headers.upgrade?.toLowerCase() === 'websocket'
}

/** RFC 6455 §4.2.1: version 13, a key of 16 bytes; and no body, which could be taken for frames or for a request. */
export function isHandshake(req: Handshake): boolean {
  const { headers } = req
  return (
    headers['sec-websocket-version'] === '13' &&
    /^[A-Za-z0-9+/]{22}==$/.test(headers['sec-websocket-key'] ?? '') &&
    !hasBody(req)
  )
}

type Headed = Pick<IncomingMessage, 'headers'>

/** Whether an upstream's 101 belongs to this handshake (RFC 6455 §4.1). */
export function understood(asked: Headed, { headers }: Headed): boolean {
  return (
    headers.upgrade?.toLowerCase() === 'websocket' && headers['sec-websocket-accept'] === acceptFor(asked)
  )
}

/** What a server that understood the handshake answers (RFC 6455 §4.2.2). */
function acceptFor({ headers }: Headed): string {
  return createHash('sha1')
    .update(`${headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64')
}
