/** RFC 9110 §7.6.1, RFC 9112, and the unregistered ones that intermediaries honour. */
const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

export function isHopByHop(name: string): boolean {
  return hopByHop.has(name)
}

/** A header name as the most careless server reads it: case and every mark between words count for nothing. */
export function spelledPlainly(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '-')
}

/** The names that a Connection header adds to the hop-by-hop ones, in lower case; undefined: none. */
export function connectionNames(connection: string | undefined): ReadonlySet<string> | undefined {
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return undefined
  return new Set(connection.split(',').map((name) => name.trim().toLowerCase()))
}

const mostRemembered = 2000
/** Honest names and values are shorter; what a client makes up must not fill the memory. */
const longestRemembered = 100

/** Names repeat from request to request: what is said of one is said once. Forgets everything when strangers fill it. */
export function memoized<Verdict extends boolean | string>(
  judge: (name: string) => Verdict,
): (name: string) => Verdict {
  const verdicts = new Map<string, Verdict>()
  return (name) => {
    const known = verdicts.get(name)
    if (known !== undefined) return known
    const verdict = judge(name)
    if (name.length > longestRemembered) return verdict
    if (verdicts.size >= mostRemembered) verdicts.clear()
    verdicts.set(name, verdict)
    return verdict
  }
}
