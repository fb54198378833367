import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { hasBody } from './request-body.ts'

type Handshake = Pick<IncomingMessage, 'headers' | 'method'>

/** Whether a request asks for a WebSocket: the only upgrade there is here (RFC 9110 §7.8). */
export function asksForWebSocket({ method, headers }: Handshake): boolean {
  return method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket'
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

/** What a server that understood the handshake answers (RFC 6455 §4.2.2). */
export function acceptFor({ headers }: Pick<IncomingMessage, 'headers'>): string {
  return createHash('sha1')
    .update(`${headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64')
}
