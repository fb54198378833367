import { hash } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { sign, unsign } from 'cookie-signature'
import { LRUCache } from 'lru-cache'
import { clearCookie, cookieLine, readCookies } from '../http/cookies.ts'

/** A ticket whose signature is ours. It may still belong to no session. */
export interface PresentedTicket {
  /** The secret: 32 random bytes, base64url. */
  readonly ticket: string
  readonly handle: string
  /** An older secret signed it. */
  readonly stale: boolean
}

export interface TicketCookieOptions {
  /** Full name, prefix included. */
  readonly name: string
  readonly secure: boolean
  readonly sameSite: 'strict' | 'lax'
}

/** The session cookie: express-session's signed format, written with our own attributes. */
export interface TicketCookie {
  /** The genuine ticket in a Cookie header. `onRefused` hears of a value that is none, once per value. */
  read(header: string | undefined): PresentedTicket | undefined
  /** A Cookie header with that ticket and nothing else, as any parser reads it. */
  header(ticket: string): string
  /** Whether any secret but the newest is accepted, so that `stale` tickets can come at all. */
  readonly acceptsOlder: boolean
  /** The Set-Cookie header's value that hands the ticket out, signed by the newest secret. */
  line(ticket: string, maxAgeMs: number): string
  /** Replaces what this response said about the cookie before: browsers do not agree on which of two wins. */
  write(res: ServerResponse, ticket: string, maxAgeMs: number): void
  clear(res: ServerResponse): void
}

/** The public name of a ticket's session: SHA-256, base64url. A dump of names is worth nothing. */
export function handleOf(ticket: string): string {
  return hash('sha256', ticket, 'base64url')
}

// `s:` + 43 characters of base64url + `.` + an unpadded base64 HMAC-SHA-256.
const shape = /^s:[\w-]{43}\.[A-Za-z0-9+/]{43}$/

/** `secrets`: newest first; the first signs, each is accepted. */
export function createTicketCookie(
  secrets: readonly string[],
  { name, secure, sameSite }: TicketCookieOptions,
  onRefused: (why: 'malformed' | 'signature') => void,
): TicketCookie {
  const [newest] = secrets
  if (newest === undefined) throw new Error('a session needs at least one secret')
  // By the whole value: a hit has been verified before, which saves an HMAC and a SHA-256 per request.
  const genuine = new LRUCache<string, PresentedTicket>({ max: 50_000 })
  const refused = new LRUCache<string, true>({ max: 1_000 })

  function refuse(value: string, why: 'malformed' | 'signature'): undefined {
    const key = value.slice(0, 128)
    if (!refused.has(key)) onRefused(why)
    refused.set(key, true)
  }

  function verify(value: string): PresentedTicket | undefined {
    if (!shape.test(value)) return refuse(value, 'malformed')
    for (const [age, secret] of secrets.entries()) {
      const ticket = unsign(value.slice(2), secret)
      if (ticket === false) continue
      const presented = { ticket, handle: handleOf(ticket), stale: age > 0 }
      genuine.set(value, presented)
      return presented
    }
    return refuse(value, 'signature')
  }

  function forget(res: ServerResponse): void {
    const lines = [res.getHeader('Set-Cookie') ?? []].flat().map(String)
    const others = lines.filter((line) => !line.startsWith(`${name}=`))
    if (others.length > 0) res.setHeader('Set-Cookie', others)
    else res.removeHeader('Set-Cookie')
  }

  function line(ticket: string, maxAgeMs: number): string {
    const maxAgeSeconds = Math.max(0, Math.floor(maxAgeMs / 1000))
    return cookieLine(name, `s:${sign(ticket, newest as string)}`, { maxAgeSeconds, sameSite, secure })
  }

  return {
    acceptsOlder: secrets.length > 1,
    line,
    read(header) {
      const value = header?.includes(name) ? readCookies(header)[name] : undefined
      return value ? (genuine.get(value) ?? verify(value)) : undefined
    },
    header: (ticket) => `${name}=${encodeURIComponent(`s:${sign(ticket, newest)}`)}`,
    write(res, ticket, maxAgeMs) {
      forget(res)
      res.appendHeader('Set-Cookie', line(ticket, maxAgeMs))
    },
    clear(res) {
      forget(res)
      clearCookie(res, name, { sameSite, secure })
    },
  }
}
