/**
 * What no log line may hold (ASVS V16.2.5): values under these names, however they are spelled (`Set-Cookie`,
 * `refresh_token`, `clientSecret`). Numbers and booleans stay: `tokens: 3` is no secret.
 */
const secretName =
  /(token|secret|password|passphrase|cookie|ticket|starter|verifier|nonce|authorization|credential|assertion|privatekey|adminkey|apikey)s?$/

/** Names that mean a secret in OAuth and a word elsewhere (`code: 'login-denied'`, `state: 'member'`): only words stay. */
const secretUnlessWord = /^(code|state)$/
const word = /^(?:[a-z]+(?:[-_][a-z]+)*|[A-Z][A-Z0-9_-]*)$/

/** Secrets inside texts: URLs, messages of other people's libraries. What `$1` holds stays. */
const secretsInText: readonly RegExp[] = [
  /()\beyJ[\w-]{5,}\.[\w-]+(?:\.[\w-]*)*/g,
  /\b((?:Bearer|Basic|DPoP)\s+)[\w.~+/=-]{6,}/gi,
  /([?&](?:code|state|nonce|key|password|[\w-]*(?:token|secret|verifier|assertion))=)[^&\s#"']+/gi,
  /((?:^|[\s;,])(?:__Host-|__Secure-)?[\w-]+=)s(?::|%3A)[^\s;,"']+/gi,
  /(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@"']*@/gi,
]

/** What every secret in a text has around it; most texts of a request's line have none of it. */
const suspicious = /[=@\s]|eyJ/

const redacted = '[redacted]'
const deepest = 6
const longestText = 2_000
const longestList = 50

/** A log line's fields without secrets, small enough for a line. Errors become name, message, code, stack and cause. */
export function redactFields(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return redactMembers(fields, 0)
}

/** A text without the secrets that can be told by their shape. */
export function redactText(text: string): string {
  const short = text.length > longestText ? `${text.slice(0, longestText)}…` : text
  if (!suspicious.test(short)) return short
  return secretsInText.reduce((result, pattern) => result.replace(pattern, `$1${redacted}`), short)
}

function redactMembers(fields: object, depth: number): Record<string, unknown> {
  const result: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(fields)) result[name] = redactMember(name, value, depth)
  return result
}

function redactMember(name: string, value: unknown, depth: number): unknown {
  if (value === undefined || value === null || typeof value === 'number' || typeof value === 'boolean')
    return value
  const kind = kindOf(name)
  if (kind === 'secret') return redacted
  if (kind === 'unless-word' && !(typeof value === 'string' && value.length <= 40 && word.test(value)))
    return redacted
  return redactValue(value, depth)
}

type NameKind = 'secret' | 'unless-word' | 'harmless'
const kinds = new Map<string, NameKind>()
const mostKinds = 1_000

function kindOf(name: string): NameKind {
  const known = kinds.get(name)
  if (known) return known
  const plain = name.toLowerCase().replace(/[-_\s]/g, '')
  const unlessWord = secretUnlessWord.test(plain) ? 'unless-word' : 'harmless'
  const kind = secretName.test(plain) ? 'secret' : unlessWord
  // Nearly all names are our own; what others are called must not fill the memory.
  if (kinds.size < mostKinds) kinds.set(name, kind)
  return kind
}

function redactValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return redactText(value)
  if (typeof value === 'bigint') return value.toString()
  if (typeof value !== 'object' || value === null) return typeof value === 'function' ? undefined : value
  if (value instanceof Error) return redactError(value, depth)
  if (value instanceof Date) return value
  if (value instanceof URL) return redactText(value.href)
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`
  if (depth >= deepest) return '[…]'
  if (value instanceof Map) return redactMembers(Object.fromEntries(value), depth + 1)
  if (Array.isArray(value) || value instanceof Set)
    return [...value].slice(0, longestList).map((one) => redactValue(one, depth + 1))
  return redactMembers(value, depth + 1)
}

/** Named members only: libraries hang requests, responses and bodies on their errors. */
function redactError(error: Error, depth: number): unknown {
  const { code, failure, status, providerCode } = error as Error & Readonly<Record<string, unknown>>
  const causes = error instanceof AggregateError ? error.errors.slice(0, 3) : []
  return {
    name: error.name,
    message: redactText(error.message),
    ...redactMembers(definedOnly({ code, failure, status, providerCode }), depth),
    ...(error.stack && { stack: redactText(error.stack) }),
    ...(error.cause instanceof Error && depth < deepest && { cause: redactError(error.cause, depth + 1) }),
    ...(causes.length > 0 && depth < deepest && { errors: causes.map((one) => redactValue(one, depth + 1)) }),
  }
}

function definedOnly(members: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(members).filter(([, value]) => typeof value === 'string' || typeof value === 'number'),
  )
}
