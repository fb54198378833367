import type { Request, RequestHandler, Response } from 'express'
import { randomToken } from '../crypto/random.ts'
import { withQuery } from '../http/local-url.ts'
import { Problem } from '../http/problem.ts'
import { redirect } from '../http/redirect.ts'
import type { Intent, Provider } from '../providers/provider.ts'
import type { OpenSession } from '../session/session.ts'
import type { Attempt } from './attempt.ts'
import { reportFailure } from './failure-report.ts'
import { toLoginError } from './login-error.ts'
import type { LoginRoom } from './login-room.ts'

const intents: ReadonlySet<string> = new Set<Intent>([
  'login',
  'reauthenticate',
  'select-account',
  'reconsent',
])

/** `GET /auth/login/{provider}`, `GET /auth/login?provider=…`: to the provider, with a new attempt in the browser. */
export function startLogin(room: LoginRoom): RequestHandler {
  return async (req, res) => {
    const provider = enabledProvider(room, req.params['provider'] ?? req.query['provider'])
    await start(room, { req, res, provider, purpose: 'login', starter: room.sessions.writer.current(req) })
  }
}

interface Start {
  readonly req: Request
  readonly res: Response
  readonly provider: Provider
  readonly purpose: Attempt['purpose']
  readonly starter: OpenSession | undefined
}

/** Redirects to the provider; a provider that cannot be had ends where a failed login or link ends. */
export async function start(room: LoginRoom, { req, res, provider, purpose, starter }: Start): Promise<void> {
  const intent = intentOf(provider, req.query['intent'])
  const returnTo = room.returnTo(req.query['returnTo'])
  try {
    const { url, checks } = await provider.authorize(intent)
    room.attempts.add(req, res, {
      provider: provider.id,
      purpose,
      checks,
      returnTo,
      ...(starter && { starter: starter.ticket }),
      startedAt: room.clock(),
      key: randomToken(16),
    })
    redirect(res, 302, url.href)
  } catch (error) {
    const failure = toLoginError(error)
    if (!failure) throw error
    reportFailure(room, { provider: provider.id, purpose, failure })
    redirect(res, 303, failurePage(room, { purpose, returnTo, provider: provider.id, code: failure.code }))
  }
}

export interface FailedLogin {
  readonly purpose: Attempt['purpose']
  readonly provider: string
  readonly code: string
  /** Absent: no attempt fits, so nobody knows where it was to lead. */
  readonly returnTo?: string | undefined
}

/** Where a failure leads: the login page; for a link, the page that wanted it. */
export function failurePage(room: LoginRoom, { purpose, provider, code, returnTo }: FailedLogin): string {
  if (purpose === 'link' && returnTo !== undefined) return withQuery(returnTo, { error: code, provider })
  const known = { error: code, provider }
  const pages = [
    withQuery(room.pages.login, { ...known, returnTo }),
    withQuery(room.pages.login, { ...known, returnTo }, true),
  ]
  return pages.find((page) => page.length <= mostPageBytes) ?? withQuery(room.pages.login, known)
}

/** Proxies take an answer's headers up to 4 KB (nginx, `proxy_buffer_size`). A return address that escapes make too long is left out. */
const mostPageBytes = 1_900

/** @throws Problem `not-found`: the name is not reflected */
export function enabledProvider(room: LoginRoom, id: unknown): Provider {
  const provider = typeof id === 'string' ? room.providers.all.get(id) : undefined
  if (!provider) throw new Problem('not-found')
  return provider
}

function intentOf(provider: Provider, asked: unknown): Intent {
  if (asked === undefined) return 'login'
  if (typeof asked !== 'string' || !intents.has(asked) || !provider.intents.has(asked as Intent)) {
    throw new Problem('invalid-request')
  }
  return asked as Intent
}
