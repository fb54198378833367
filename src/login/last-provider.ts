import type { Request, Response } from 'express'
import { clearCookie, cookieName, readCookies, setCookie } from '../http/cookies.ts'

/** Which provider this browser signed in with last: its id, for the login page, and nothing about the person. */
export interface LastProvider {
  read(req: Request): string | undefined
  write(res: Response, provider: string): void
  clear(res: Response): void
}

const bareName = 'last-provider'
const lifetimeSeconds = 365 * 24 * 60 * 60

/** Is this (without `__Host-`) the cookie's name? */
export function isLastProviderCookie(name: string): boolean {
  return name === bareName
}

export function createLastProvider({ secure }: { secure: boolean }): LastProvider {
  const name = cookieName(bareName, secure)
  const attributes = { sameSite: 'lax', secure } as const
  return {
    read: (req) => readCookies(req.headers.cookie)[name],
    write: (res, provider) =>
      setCookie(res, name, provider, { ...attributes, maxAgeSeconds: lifetimeSeconds }),
    clear: (res) => clearCookie(res, name, attributes),
  }
}
