import { z } from 'zod'
import { duration, oneOf, size, targetUrl, text, timerDuration } from './grammar.ts'

/** Paths that always win over routes; a route inside them would never be asked. */
const reserved = ['/auth', '/.well-known', '/healthz', '/readyz']

/** coatcheck's own to set, or the connection's: no route passes a client's on. */
const neverPassed =
  /^(?:authorization|connection|content-length|cookie|expect|forwarded|host|http2-settings|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|x-csrf|x-forwarded(?:-.*)?|x-request-id)$/

const headerList = 'must be a list of header names such as ["X-User-Locale"]'

const flag = z.boolean({ error: 'must be true or false' })

/**
 * The path decoded as the proxy decodes a request's before it compares them, without a trailing slash.
 * What a request could never have after decoding is refused here: such a route would never match.
 */
const path = z
  .string({ error: 'must be a path such as "/api"' })
  .regex(/^\/(?!\/)[^\\?#;\p{Cc}]*$/u, 'must begin with a single / and have no ?, #, ; or \\')
  .transform((value, context) => {
    const decoded = decode(value)
    const segments = decoded?.replace(/\/$/, '').split('/').slice(1)
    if (decoded === undefined || /%2f|%5c/i.test(value))
      context.addIssue({ code: 'custom', message: 'must be percent-encoded properly, without %2F' })
    else if (
      segments?.some((segment) => segment === '' || segment === '.' || segment === '..') &&
      decoded !== '/'
    )
      context.addIssue({ code: 'custom', message: 'must not have empty or dot segments' })
    return decoded === '/' ? '/' : (decoded ?? value).replace(/\/$/, '')
  })
  .refine(
    (value) => !reserved.some((one) => value === one || value.startsWith(`${one}/`)),
    `must not be inside ${reserved.join(', ')}: they always win`,
  )

function decode(value: string): string | undefined {
  try {
    return decodeURIComponent(value)
  } catch {
    return undefined
  }
}

// RFC 9110 §9.1: a method is a token; CONNECT asks for a tunnel, which no route gives.
const method = z
  .string({ error: 'must be a list of methods such as ["GET","POST"]' })
  .regex(/^[A-Za-z-]+$/, 'must be a list of methods such as ["GET","POST"]')
  .transform((name) => name.toUpperCase())
  .refine((name) => name !== 'CONNECT', 'must not contain CONNECT')
  // RFC 9110 §9.3.8: TRACE sends the request back as its answer, and so the token to the browser; TRACK is IIS's word.
  .refine(
    (name) => name !== 'TRACE' && name !== 'TRACK',
    'must not contain TRACE or TRACK: they show the token',
  )

/** One route of API_ROUTES as a person writes it. Names it does not know are refused: a misspelt `auth` must not open a route. */
export const routeSchema = z
  .strictObject({
    path,
    target: targetUrl,
    auth: oneOf(['required', 'optional', 'none']).default('required'),
    stripPrefix: flag.default(false),
    methods: z
      .array(method, { error: 'must be a list of methods such as ["GET","POST"]' })
      .min(1, 'must not be an empty list')
      .optional(),
    timeout: timerDuration.optional(),
    idleTimeout: timerDuration.default(300_000),
    websocket: flag.default(true),
    maxBody: size.optional(),
    cookies: oneOf(['none', 'others']).default('none'),
    setCookie: flag.default(false),
    csrf: flag.default(true),
    token: oneOf(['service', 'provider', 'exchange', 'none']).optional(),
    audience: text.optional(),
    maxAuthAge: duration.optional(),
    headers: z
      .array(z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, headerList), { error: headerList })
      .optional(),
    sandbox: flag.default(true),
  })
  .superRefine((route, context) => {
    const refuse = (field: string, message: string) =>
      context.addIssue({ code: 'custom', path: [field], message })
    // Without the gate anybody's page could use the session of whoever visits it.
    if (!route.csrf && route.auth !== 'none') refuse('csrf', 'may be false only with "auth":"none"')
    for (const name of route.headers ?? []) {
      if (neverPassed.test(name.toLowerCase().replace(/[^a-z0-9]/g, '-')))
        refuse('headers', `must not contain ${JSON.stringify(name)}: coatcheck sets it itself`)
    }
    if (route.maxAuthAge && route.auth === 'none') refuse('maxAuthAge', 'has no effect with "auth":"none"')
  })

export type WrittenRoute = z.infer<typeof routeSchema>
