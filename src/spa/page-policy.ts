import type { IncomingMessage, ServerResponse } from 'node:http'
import helmet from 'helmet'

export interface PagePolicyOptions {
  readonly secure: boolean
  /** A development server's page brings inline scripts and styles of its own. */
  readonly development: boolean
  /** The operator's directives; each replaces the default one of its name, or stands beside the others. */
  readonly directives: ReadonlyMap<string, readonly string[]> | undefined
  /** Where the answer to a form may redirect to; asked for each response, because a provider's metadata may come later. */
  readonly formOrigins: () => readonly string[]
}

export interface PagePolicy {
  /** Sets Content-Security-Policy. With a nonce: inline scripts and styles that carry it may run on this response. */
  apply(res: ServerResponse, nonce?: string): void
}

type Source = string | ((req: IncomingMessage, res: ServerResponse) => string)

/** What a page may load, run and talk to: nothing but this origin. @throws Error on a directive no browser understands */
export function createPagePolicy(options: PagePolicyOptions): PagePolicy {
  const nonces = new WeakMap<ServerResponse, string>()
  const inline = options.development ? ["'unsafe-inline'"] : []
  const defaults: Readonly<Record<string, readonly Source[]>> = {
    'default-src': ["'self'"],
    'script-src': ["'self'", ...inline],
    'script-src-attr': ["'none'"],
    'style-src': ["'self'", ...inline],
    'img-src': ["'self'", 'data:'],
    'object-src': ["'none'"],
    'base-uri': ["'none'"],
    'frame-ancestors': ["'none'"],
    // Chromium applies form-action to the redirect that answers a form, too (a sign-out that goes on to the provider).
    'form-action': [() => ["'self'", ...options.formOrigins()].join(' ')],
    ...(options.secure && { 'upgrade-insecure-requests': [] }),
  }
  const directives = Object.entries({ ...defaults, ...Object.fromEntries(options.directives ?? []) }).map(
    ([name, sources]) => [
      name,
      name === 'script-src' || name === 'style-src' ? withNonce(sources, nonces) : [...sources],
    ],
  )
  const set = helmet.contentSecurityPolicy({ useDefaults: false, directives: Object.fromEntries(directives) })

  return {
    apply(res, nonce) {
      if (nonce) nonces.set(res, nonce)
      set(res.req, res, (error) => {
        if (error) throw error
      })
    },
  }
}

/** CSP 3 §6.7.3: a nonce switches 'unsafe-inline' off, and 'none' counts only alone; neither policy is meant to change here. */
function withNonce(sources: readonly Source[], nonces: WeakMap<ServerResponse, string>): Source[] {
  const last = sources.at(-1)
  if (typeof last !== 'string' || sources.includes("'unsafe-inline'") || last === "'none'")
    return [...sources]
  const lastWithNonce: Source = (_req, res) => {
    const nonce = nonces.get(res)
    return nonce ? `${last} 'nonce-${nonce}'` : last
  }
  return [...sources.slice(0, -1), lastWithNonce]
}
