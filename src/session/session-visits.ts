import type { Request, RequestHandler, Response } from 'express'
import expressSession, { type Session as ExpressSession, type SessionData } from 'express-session'
import type { Clock } from '../clock.ts'
import { randomToken } from '../crypto/random.ts'
import { isSafeMethod } from '../http/fetch-metadata.ts'
import type { Log } from '../ops/log.ts'
import type { OpenSession } from './session.ts'
import type { SessionLimits } from './session-limits.ts'
import type { SessionReader } from './sessions.ts'
import type { PresentedTicket, TicketCookie } from './ticket-cookie.ts'
import type { TicketStore } from './ticket-store.ts'
import type { TicketChanges } from './ticketed-sessions.ts'

export interface SessionVisitsOptions {
  readonly secrets: readonly string[]
  readonly cookieName: string
  readonly cookie: TicketCookie
  readonly store: TicketStore
  readonly changes: Pick<TicketChanges, 'reseal'>
  readonly reader: Pick<SessionReader, 'use'>
  readonly limits: SessionLimits
  readonly clock: Clock
  readonly log: Log
}

/** express-session's object of a request, taken off it. */
export type DetachedSession = ExpressSession & Partial<SessionData>

/** What a request came with. */
export interface Visit {
  readonly presented: PresentedTicket | undefined
  readonly open: OpenSession | undefined
  /** Absent only where loading failed. */
  readonly session: DetachedSession | undefined
}

/** Requests on `/auth` and the sessions they came with, by express-session. */
export interface SessionVisits {
  readonly load: RequestHandler
  /** @throws why the session could not be loaded: a failure waits for whoever needs the session */
  of(req: Request): Visit
  /** A new, empty session for the request, under a new ticket (its `id`); not saved. */
  renew(visit: Visit, req: Request): DetachedSession
}

export function createSessionVisits(options: SessionVisitsOptions): SessionVisits {
  const { cookie, store, changes, reader, limits, clock, log } = options
  const visits = new WeakMap<Request, Visit & { readonly failure: unknown }>()
  const middleware = expressSession({
    name: options.cookieName,
    secret: [...options.secrets],
    store,
    genid: () => randomToken(),
    resave: false,
    saveUninitialized: false,
    rolling: false,
  })

  /** So that nothing is saved, touched or set when the response ends. */
  function takeOff(req: Request): DetachedSession | undefined {
    const session = req.session as DetachedSession | undefined
    Reflect.deleteProperty(req, 'session')
    return session
  }

  /**
   * express-session has a cookie parser of its own, which reads quotes differently: it is shown the ticket that we have read.
   * It reads the header at once, before it loads anything. Returns how to put back what was sent.
   */
  function showTicket({ headers }: Request, presented: PresentedTicket | undefined): () => void {
    const sent = headers.cookie
    if (presented) headers.cookie = cookie.header(presented.ticket)
    else delete headers.cookie
    return () => {
      if (sent !== undefined) headers.cookie = sent
    }
  }

  /** What the caller came with lives: an unsafe request is use of it, and it moves to the newest secret. */
  function welcome(req: Request, res: Response, open: OpenSession): void {
    if (!isSafeMethod(req.method)) {
      // The gate may stand behind us: what it refuses (403) does not extend the session.
      res.once('finish', () => res.statusCode !== 403 && reader.use(open))
    }
    if (visits.get(req)?.presented?.stale) {
      cookie.write(res, open.ticket, limits.absoluteEndsAt(open) - clock())
    }
  }

  function reseal(open: OpenSession): void {
    changes.reseal(open).catch((error: unknown) => {
      log.warn('session.reseal-failed', { handle: open.handle, error: String(error) })
    })
  }

  return {
    load(req, res, next) {
      const presented = cookie.read(req.headers.cookie)
      const putBack = showTicket(req, presented)
      middleware(req, res, (failure?: unknown) => {
        putBack()
        const session = takeOff(req)
        const found = session && store.loaded(session)
        const loaded = found?.open.handle === presented?.handle ? found : undefined
        visits.set(req, { presented, open: loaded?.open, session, failure })
        if (loaded) welcome(req, res, loaded.open)
        if (loaded?.stale) reseal(loaded.open)
        next()
      })
      putBack()
    },

    of(req) {
      const visit = visits.get(req)
      if (!visit) throw new Error('sessions.writer.load must run before')
      if (visit.failure) throw visit.failure
      return visit
    },

    renew({ session }, req) {
      session?.regenerate(() => undefined)
      return takeOff(req) as DetachedSession
    },
  }
}
