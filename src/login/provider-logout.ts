import { createHash } from 'node:crypto'
import type { Request, RequestHandler, Response } from 'express'
import type { Clock } from '../clock.ts'
import { randomToken } from '../crypto/random.ts'
import type { Sealer } from '../crypto/seal.ts'
import { clearCookie, cookieName, readCookies, setCookie } from '../http/cookies.ts'
import { redirect } from '../http/redirect.ts'
import type { LogoutForm } from '../providers/provider.ts'
import type { OnceMarks, ShortNotes } from '../session/sessions.ts'
import type { LoginRoom } from './login-room.ts'

/** Where the page is that posts an ID token to the provider: URLs end up in histories and logs, a form's fields do not. */
export const providerLogoutPath = '/auth/logout/provider'

/** Logouts at a provider that a browser is about to be led to: once, and for a minute. */
export interface ProviderLogouts {
  add(res: Response, form: LogoutForm): Promise<void>
  take(req: Request, res: Response): Promise<LogoutForm | undefined>
}

const bareName = 'provider-logout'
const lifetimeMs = 60_000

/** Is this (without `__Host-`) the cookie's name? */
export function isProviderLogoutCookie(name: string): boolean {
  return name === bareName
}

/** The form waits in the store, sealed under a key that is in this browser's cookie alone. */
export function createProviderLogouts(options: {
  readonly notes: ShortNotes
  readonly marks: Pick<OnceMarks, 'first'>
  readonly sealer: Sealer
  readonly clock: Clock
  readonly secure: boolean
}): ProviderLogouts {
  const { notes, marks, sealer, clock, secure } = options
  const name = cookieName(bareName, secure)
  const attributes = { sameSite: 'strict', secure } as const

  return {
    async add(res, form) {
      const [id, key] = [randomToken(16), randomToken(16)]
      await notes.put(
        `provider-logout:${id}`,
        sealer.seal(JSON.stringify({ form, at: clock() }), key),
        lifetimeMs,
      )
      setCookie(res, name, `${id}.${key}`, { ...attributes, maxAgeSeconds: lifetimeMs / 1000 })
    },
    async take(req, res) {
      const [, id, key] = /^([\w-]{22})\.([\w-]{22})$/.exec(readCookies(req.headers.cookie)[name] ?? '') ?? []
      if (id === undefined || key === undefined) return undefined
      clearCookie(res, name, attributes)
      const sealed = await notes.get(`provider-logout:${id}`)
      const opened = sealed === undefined ? undefined : sealer.open(sealed, key)
      if (!opened || !(await marks.first(`provider-logout:${id}`, lifetimeMs))) return undefined
      const { form, at } = JSON.parse(opened.plaintext) as { form: LogoutForm; at: number }
      return clock() - at < lifetimeMs ? form : undefined
    },
  }
}

const script = 'document.forms[0].submit()'
const scriptHash = createHash('sha256').update(script).digest('base64')

/** `GET /auth/logout/provider`: posts what the provider needs to end its own session (OIDC RP-Initiated Logout 1.0 §2). */
export function showProviderLogout(room: LoginRoom): RequestHandler {
  return async (req, res) => {
    const form = await room.providerLogouts.take(req, res)
    if (!form) return redirect(res, 303, room.pages.home)
    const { origin } = new URL(form.action)
    res.set({
      'Cache-Control': 'no-store',
      // The provider's answer leads back here, and browsers hold redirects of a form to this list too.
      'Content-Security-Policy': `default-src 'none'; script-src 'sha256-${scriptHash}'; form-action ${origin} ${room.publicOrigin}; base-uri 'none'; frame-ancestors 'none'`,
      'Content-Type': 'text/html; charset=utf-8',
    })
    res.status(200).send(page(form))
  }
}

function page({ action, fields }: LogoutForm): string {
  const inputs = Object.entries(fields)
    .map(([name, value]) => `<input type="hidden" name="${escaped(name)}" value="${escaped(value)}">`)
    .join('')
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Signing out</title>
<form method="post" action="${escaped(action)}">${inputs}<button>Continue signing out</button></form>
<script>${script}</script></html>
`
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`)
}
