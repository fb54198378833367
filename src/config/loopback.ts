/** The host of a URL that only this machine can reach: `localhost`, `*.localhost`, 127.0.0.0/8, `[::1]` (RFC 6761 §6.3). */
export function isLoopbackHost(hostname: string): boolean {
  return /^(?:(?:.+\.)?localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname)
}

/** The same for an address or a name to listen on, which carries no brackets. */
export function isLoopbackAddress(host: string): boolean {
  return host === '::1' || isLoopbackHost(host)
}
