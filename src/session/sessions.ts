import type { Request, RequestHandler, Response } from 'express'
import type { EndReason, OpenSession, Session } from './session.ts'

/** The hot way in: cookie → opened session, from memory while nothing changed. Proxy, upgrades and streams use it. */
export interface SessionReader {
  /**
   * The session whose ticket the Cookie header carries. Answers without a promise when it is in memory.
   * @throws Problem `session-store-unavailable` when the store cannot tell
   */
  read(cookieHeader: string | undefined): OpenSession | undefined | Promise<OpenSession | undefined>
  /** Counts as use: moves the idle limit, later and outside the request. */
  use(open: OpenSession): void
  /**
   * For a request whose ticket an older secret signed, from memory alone; undefined nearly always: there is nothing to renew.
   * `open` is its session, which lives.
   */
  renewal(cookieHeader: string | undefined, open: OpenSession): CookieRenewal | undefined
  /** `onEnd` runs once, when the session ends for whatever reason on whichever instance. Returns how to stop watching. */
  watch(open: OpenSession, onEnd: (reason: EndReason) => void): () => void
}

/** A session cookie that is to be written anew, under the newest secret. */
export interface CookieRenewal {
  /** The Set-Cookie header's value, for an answer that no shared cache may keep; undefined: the session has ended meanwhile. */
  line(): string | undefined
  /** The request is over. */
  release(): void
}

/** The way in that changes sessions, on `/auth` only (express-session underneath). */
export interface SessionWriter {
  /** Middleware: loads the caller's session; must run before the methods below. */
  readonly load: RequestHandler
  /** The caller's session, as `load` found it. */
  current(req: Request): OpenSession | undefined
  /** For an anonymous caller with a genuine ticket of a session that ended within 24 h. */
  endReason(req: Request): Promise<EndReason | undefined>
  /**
   * New ticket, new record, cookie set; the request's old session and the one whose ticket is `starter` end as `replaced`.
   * Saved before it returns. @throws Problem `session-store-unavailable`, or `session-required` when the caller's session (or the
   * starter) was ended meanwhile by anything but another such replacement; then no cookie is set
   */
  begin(
    req: Request,
    res: Response,
    /** Gets the new session's handle, so that tokens can carry it as `sid`. */
    session: (handle: string) => Session | Promise<Session>,
    options?: { readonly starter?: string | undefined },
  ): Promise<OpenSession>
  /**
   * Hands out a ticket that `begin` has handed out before, if its session lives: its first answer may have been lost. A session that the
   * request came with ends as `replaced`, as in `begin`. False: the session has ended, and nothing changes.
   */
  handOutAgain(req: Request, res: Response, ticket: string): Promise<boolean>
  /** Ends the caller's session and clears the cookie. */
  end(req: Request, res: Response, reason: EndReason): Promise<void>
}

/** Sessions by their ticket, without a request: a link's callback, a token's renewal. */
export interface TicketedSessions {
  open(ticket: string): Promise<OpenSession | undefined>
  /**
   * Replaces a live session's content by `change(its newest content)`; re-applied on a conflict.
   * undefined: the session has ended meanwhile (and stays ended), or `change` returned undefined (nothing is written).
   */
  update(
    open: OpenSession,
    change: (session: Session) => Session | undefined,
  ): Promise<OpenSession | undefined>
}

/** A line of "where am I signed in": what is known of a session without its ticket. */
export interface SessionEntry {
  readonly handle: string
  readonly userId: string
  readonly provider: string
  readonly subject: string
  readonly sid?: string
  /** "Chrome on Windows". */
  readonly device: string
  readonly createdAt: number
  readonly lastSeenAt: number
}

/** A session that has ended, for whoever asks why. */
export interface EndedEntry extends Omit<SessionEntry, 'userId' | 'subject' | 'sid'> {
  /** Of an expired session that nobody looked at for a day: the latest moment that it can have been. */
  readonly endedAt: number
  readonly reason: EndReason
}

export type SessionSelector =
  | { readonly handle: string; readonly userId: string }
  /** `provider`: only those that an identity there began. */
  | { readonly userId: string; readonly provider?: string; readonly except?: string }
  /** `withoutSid`: only those whose provider gave its own session no name. */
  | { readonly provider: string; readonly subject: string; readonly withoutSid?: boolean }
  | { readonly provider: string; readonly sid: string }

/** What is reachable without a ticket: lists, "everywhere", back-channel logout, support's tools. */
export interface SessionIndex {
  list(userId: string): Promise<readonly SessionEntry[]>
  /** Ends every session that fits and tells all instances; how many there were. */
  end(selector: SessionSelector, reason: EndReason): Promise<number>
  /** The user's latest 20 ends of the last 30 days, the latest first: support's answer to "why was I signed out". */
  ended(userId: string): Promise<readonly EndedEntry[]>
}

/** Keys that exist once in the whole fleet, for a while (`SET NX`): used attempts, logout tokens' `jti`. */
export interface OnceMarks {
  /** True the first time within `ttlMs`, false ever after. @throws Problem `session-store-unavailable` */
  first(key: string, ttlMs: number): Promise<boolean>
  /** The mark stands for `ttlMs` from now. @throws Problem `session-store-unavailable` */
  keep(key: string, ttlMs: number): Promise<void>
  /** As if nobody had come yet: for whoever came first and could not do it. @throws Problem `session-store-unavailable` */
  forget(key: string): Promise<void>
}

/** Text that the whole fleet can read for a while, under a name; sealed by the caller. */
export interface ShortNotes {
  /** @throws Problem `session-store-unavailable` */
  put(key: string, text: string, ttlMs: number): Promise<void>
  /** @throws Problem `session-store-unavailable` */
  get(key: string): Promise<string | undefined>
}

/** What `GET /auth/session` says of a live session; times are ISO 8601. */
export type SessionBody =
  | {
      readonly state: 'registering'
      readonly provider: string
      readonly suggested: { readonly nickname?: string; readonly email?: string; readonly picture?: string }
      readonly returnTo: string
      readonly expiresAt: string
    }
  | {
      readonly state: 'member'
      readonly user: Readonly<Record<string, unknown>> & { readonly id: string }
      readonly provider: string
      readonly expiresAt: string
      readonly absoluteExpiresAt: string
      readonly sessionId: string
    }

/** What this process's memory of sessions has done and holds; for metrics. */
export interface SessionFigures {
  /** Reads that asked no store, since the start. */
  readsFromMemory(): number
  /** Records that the store was asked for, since the start. */
  readsFromStore(): number
  /** Sessions that are opened in memory, by state; what has ended meanwhile may be among them for a while. */
  copies(): Readonly<Record<Session['state'], number>>
  /** How stale an answer from memory was at most, since this was last asked, ms: so long may a change elsewhere have waited. */
  stalestMs(): number
}

export interface Sessions {
  readonly reader: SessionReader
  readonly writer: SessionWriter
  readonly tickets: TicketedSessions
  readonly index: SessionIndex
  readonly marks: OnceMarks
  readonly notes: ShortNotes
  describe(open: OpenSession): SessionBody
  /** The node-redis client, for libraries that bring their own commands (the rate limiter); absent: memory. */
  readonly redis?: unknown
  readonly figures: SessionFigures
  /** Throws when the store cannot be reached; for `/readyz`. */
  ping(): Promise<void>
  close(): Promise<void>
}
