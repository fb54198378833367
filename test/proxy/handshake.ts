/** What a member's browser sends to open a WebSocket (RFC 6455 §1.3, whose key it has), a line each. */
export const handshake: readonly string[] = [
  'GET /api/live HTTP/1.1',
  'Host: app.example',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Cookie: session=t1',
  'Origin: https://app.example',
]

/** The same as bytes on the wire. */
export const asking = `${handshake.join('\r\n')}\r\n\r\n`
