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
  /** Seals what the server notes about this attempt: the cookie alone opens it. */
  readonly key: string
}

/** The attempts of one browser. */
export interface AttemptJar {
  /** Hands an attempt to the browser; of more than five live ones, and of more than 4 KB of cookies, the oldest go. */
  add(req: Request, res: Response, attempt: Attempt): void
  /** The live attempt that a callback's `state` belongs to. */
  find(req: Request, state: string | null): Attempt | undefined
  /** Takes a finished attempt out of the browser. */
  drop(res: Response, attempt: Attempt): void
  /** What else this browser has under way. */
  others(req: Request, finished: Attempt): readonly Attempt[]
}

export const attemptLifetimeMs = 10 * 60_000
const mostLive = 5
/** Of all attempts' cookies as a browser sends them: proxies refuse a Cookie header of 8 KB, and others' cookies are in it too. */
const mostBytes = 4096
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

  interface Held {
    readonly attempt: Attempt
    /** As it stands in a Cookie header. */
    readonly size: number
  }
  const sizeOf = (name: string, value: string) => name.length + value.length + '=; '.length

  /** Newest first. */
  function held(req: Request): Held[] {
    return Object.entries(readCookies(req.headers.cookie))
      .filter(([name]) => name.startsWith(cookieName(prefix, secure)))
      .flatMap(([name, value = '']) => {
        const opened = value && sealer.open(value)
        return opened ? [{ attempt: JSON.parse(opened.plaintext) as Attempt, size: sizeOf(name, value) }] : []
      })
      .filter(({ attempt }) => clock() - attempt.startedAt < attemptLifetimeMs)
      .sort((a, b) => b.attempt.startedAt - a.attempt.startedAt)
  }

  const live = (req: Request) =>
    held(req)
      .slice(0, mostLive)
      .map(({ attempt }) => attempt)
  const drop = (res: Response, attempt: Attempt) => clearCookie(res, nameOf(attempt), attributes)

  return {
    add(req, res, attempt) {
      const name = nameOf(attempt)
      const value = sealer.seal(JSON.stringify(attempt))
      let [count, bytes] = [1, sizeOf(name, value)]
      for (const old of held(req)) {
        count += 1
        bytes += old.size
        if (count > mostLive || bytes > mostBytes) drop(res, old.attempt)
      }
      setCookie(res, name, value, { ...attributes, maxAgeSeconds: attemptLifetimeMs / 1000 })
    },
    find: (req, state) => live(req).find((attempt) => attempt.checks.state === state),
    drop,
    others: (req, finished) => live(req).filter(({ checks }) => checks.state !== finished.checks.state),
  }
}
