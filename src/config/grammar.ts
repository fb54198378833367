import { isIP } from 'node:net'
import { z } from 'zod'
import { isLoopbackHost } from './loopback.ts'

const milliseconds = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const bytes = { b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 } as const

/** A whole number and a unit: `quantity({ s: 1000 })` reads `30s` as 30000. */
function quantity(units: Readonly<Record<string, number>>, error: string) {
  const grammar = new RegExp(`^(\\d+)(${Object.keys(units).join('|')})$`)
  return z
    .string({ error })
    .regex(grammar, error)
    .transform((text) => {
      const [, digits, unit] = grammar.exec(text) ?? []
      return Number(digits) * (units[unit ?? ''] ?? Number.NaN)
    })
    .refine(
      (value) => value > 0 && Number.isSafeInteger(value),
      'must be more than zero, and not absurdly large',
    )
}

/** `500ms`, `30s`, `15m`, `12h`, `14d`, in milliseconds. */
export const duration = quantity(milliseconds, 'must be a duration: a whole number with ms, s, m, h or d')

/** A duration that one Node timer can wait for: `setTimeout` holds 2³¹−1 ms and fires at once beyond that. */
export const timerDuration = duration.refine((ms) => ms < 2 ** 31, 'must be shorter than 24 days')

/** `64kb`, `10mb`, in bytes. */
export const size = quantity(bytes, 'must be a size: a whole number with b, kb, mb or gb')

/** A TCP port; 0 lets the system choose. */
export const port = z
  .string()
  .regex(/^\d{1,5}$/, 'must be a port number from 0 to 65535')
  .transform(Number)
  .refine((value) => value <= 65_535, 'must be a port number from 0 to 65535')

/** 1, 2, 3, … */
export const count = z
  .string()
  .regex(/^[1-9]\d{0,8}$/, 'must be a whole number, 1 or more')
  .transform(Number)

/** One of a few words. */
export function oneOf<const Words extends readonly [string, ...string[]]>(words: Words) {
  return z.enum(words, { error: `must be one of ${words.join(', ')}` })
}

/** Any text without control characters: an identifier, a name, a path of the file system. */
export const text = z
  .string({ error: 'must be a text' })
  .min(1, 'must not be empty')
  .regex(/^\P{Cc}*$/u, 'must not contain control characters')

/** A comma list, blanks around its items dropped. */
export const list = z.string().transform((value) => value.split(',').map((item) => item.trim()))

/** An address or a host name to listen on. */
export const listenHost = z
  .string()
  .refine(
    (host) => isIP(host) !== 0 || /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(host),
    'must be an address or a host name',
  )

/** An http or https URL without credentials and fragment, as it was written. */
export const webUrl = z.string({ error: 'must be a URL' }).superRefine((value, context) => {
  const refuse = (message: string) => context.addIssue({ code: 'custom', message, continue: false })
  if (!URL.canParse(value) || /[\s\\]/.test(value)) return refuse('must be an absolute http or https URL')
  const { protocol, username, password } = new URL(value)
  if (protocol !== 'http:' && protocol !== 'https:') refuse('must be an absolute http or https URL')
  else if (username || password) refuse('must not contain a user name or password')
  else if (value.includes('#')) refuse('must not have a fragment')
})

/** A URL that secrets travel to: TLS, unless they stay on this machine (RFC 6749 §3.1, §3.2). */
export const secureUrl = webUrl.refine(
  (value) => new URL(value).protocol !== 'http:' || isLoopbackHost(new URL(value).hostname),
  'must be https: http is allowed on a loopback host only',
)

/** An origin and a path in front: no query, which could not be told apart from the request's own. */
export const targetUrl = webUrl.refine((value) => !value.includes('?'), 'must not have a query')

/** A path of our own origin, with query and fragment if wanted, that a browser requests exactly as it is written. */
export const localPath = z.string().refine((value) => {
  const base = 'http://local.invalid'
  if (!/^\/(?!\/)/.test(value) || !URL.canParse(value, base)) return false
  return new URL(value, base).href === base + value
}, 'must be a path that begins with a single /, without dot segments, percent-encoded where needed')

/** A secret of our own. `$(…)` is a shell's: where nothing runs it, it is a text that everybody knows. */
export const secret = z
  .string()
  .refine((value) => !value.includes('$(') && !value.includes('coatcheck keygen'), {
    error:
      'must be the secret itself, because nothing runs a command in its place: run `npx coatcheck keygen --secret` in a shell and paste the line that it prints',
    abort: true,
  })

/** What is wrong with the user name or password of a URL as people write it; undefined: nothing that shows. */
export function credentialsFlaw(url: string): string | undefined {
  const rest = url.replace(/^[a-z]+:\/\//i, '')
  const authority = /^[^/?#]*/.exec(rest)?.[0] ?? ''
  const credentials = /^(.*)@/s.exec(authority)?.[1]
  const behind = rest.slice(authority.length)
  // A database's URL has no fragment. A host and its port cannot hold a user name, and a path no @ before its query.
  const cut = rest.includes('#')
    ? '#'
    : credentials === undefined && /^[^?]*@|^\?[^=&]*@/.test(behind) && behind[0]
  const codes: Readonly<Record<string, string>> = { '#': '%23', '/': '%2F', '?': '%3F' }
  if (cut) return `must have ${cut} in a user name or password written as ${codes[cut]}`
  if (credentials !== undefined && /%(?![0-9a-f]{2})/i.test(credentials))
    return 'must have % in a user name or password written as %25'
  return undefined
}
