import type { ServerResponse } from 'node:http'

/**
 * Redirects without a body; the location goes out byte for byte, as it was given.
 * 303 after anything but the start of a login (RFC 9700 §4.12).
 */
export function redirect(res: ServerResponse, status: 302 | 303 | 308, location: string): void {
  res.statusCode = status
  res.setHeader('Location', location)
  res.setHeader('Cache-Control', 'no-store')
  res.setHeader('Content-Length', 0)
  res.end()
}
