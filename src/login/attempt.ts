import { createHash } from 'node:crypto'
import type { Request, Response } from 'express'
import type { Clock } from '../clock.ts'
import type { Sealer } from '../crypto/seal.ts'
import { clearCookie, cookieName, readCookies, setCookie } from '../http/cookies.ts'
import type { AuthorizationChecks } from '../providers/provider.ts'

/** One try to log in or to link, from the redirect to the provider until its callback. It lives in a cookie alone. */
export interface Attempt {
  readonly provider: string
  readonly purpose: 'login' | 'link'
  readonly checks: AuthorizationChecks
  /** A local path. */
  readonly returnTo: string
  /** The ticket of the session that it was begun in. */
  readonly starter?: string
  readonly startedAt: number
}

/** The attempts of one browser. */
export interface AttemptJar {
  /** Hands an attempt to the browser; of more than five live ones the oldest goes. */
  add(req: Request, res: Response, attempt: Attempt): void
  /** The live attempt that a callback's `state` belongs to. */
  find(req: Request, state: string | null): Attempt | undefined
  /** Takes a finished attempt out of the browser. */
  drop(res: Response, attempt: Attempt): void
  /** After a success: whatever else this browser has under way was begun in the new session (RFC 9700 update, cross-user fixation). */
  restart(req: Request, res: Response, finished: Attempt, starter: string): void
}

export const attemptLifetimeMs = 10 * 60_000
const mostLive = 5
const prefix = 'login-'

/** Is this (without `__Host-`) the name of an attempt's cookie? */
export function isAttemptCookie(name: string): boolean {
  return name.startsWith(prefix)
}

/** What an attempt is called in cookies and in the store: says nothing about its `state`. */
export function attemptName(state: string): string {
  return createHash('sha256').update(state).digest('base64url').slice(0, 22)
}

/** A sealed cookie per attempt: nothing is stored for strangers, and tabs never overwrite each other's. */
export function createAttemptJar(options: { sealer: Sealer; clock: Clock; secure: boolean }): AttemptJar {
  const { sealer, clock, secure } = options
  const nameOf = (attempt: Attempt) => cookieName(prefix + attemptName(attempt.checks.state), secure)
  const attributes = { sameSite: 'lax', secure } as const

  function put(res: Response, attempt: Attempt): void {
    const leftMs = attempt.startedAt + attemptLifetimeMs - clock()
    setCookie(res, nameOf(attempt), sealer.seal(JSON.stringify(attempt)), {
      ...attributes,
      maxAgeSeconds: Math.ceil(leftMs / 1000),
    })
  }

  /** Newest first. */
  function live(req: Request): Attempt[] {
    return Object.entries(readCookies(req.headers.cookie))
      .filter(([name]) => name.startsWith(cookieName(prefix, secure)))
      .flatMap(([, value]) => {
        const opened = value && sealer.open(value)
        return opened ? [JSON.parse(opened.plaintext) as Attempt] : []
      })
      .filter(({ startedAt }) => clock() - startedAt < attemptLifetimeMs)
      .sort((a, b) => b.startedAt - a.startedAt)
  }

  const drop = (res: Response, attempt: Attempt) => clearCookie(res, nameOf(attempt), attributes)

  return {
    add(req, res, attempt) {
      for (const old of live(req).slice(mostLive - 1)) drop(res, old)
      put(res, attempt)
    },
    find(req, state) {
      return live(req)
        .slice(0, mostLive)
        .find((attempt) => attempt.checks.state === state)
    },
    drop,
    restart(req, res, finished, starter) {
      for (const attempt of live(req)) {
        if (attempt.checks.state !== finished.checks.state) put(res, { ...attempt, starter })
      }
    },
  }
}
