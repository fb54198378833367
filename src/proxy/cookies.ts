/** A Cookie header without the cookies whose names `isOurs` (RFC 6265bis §5.8.3); the others stay byte for byte. */
export function withoutCookies(header: string, isOurs: (name: string) => boolean): string {
  return header
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair !== '' && !isOurs(nameOf(pair)))
    .join('; ')
}

/** Whether an upstream's Set-Cookie may reach the browser: it has a name, and the name is not one of ours. */
export function mayBeSet(setCookie: string, isOurs: (name: string) => boolean): boolean {
  const name = nameOf(setCookie.split(';', 1)[0] as string)
  // RFC 6265bis §5.7: a nameless cookie `=session=x` comes back as `session=x`.
  return name !== '' && !isOurs(name)
}

function nameOf(pair: string): string {
  return pair.split('=', 1)[0]?.trim() ?? ''
}
