import type { Request, Response } from 'express'
import expressSession, { type Session as ExpressSession, type SessionData } from 'express-session'
import type { Clock } from '../clock.ts'
import { randomToken } from '../crypto/random.ts'
import { isSafeMethod } from '../http/fetch-metadata.ts'
import { Problem } from '../http/problem.ts'
import type { Log } from '../ops/log.ts'
import { deviceName } from './device.ts'
import type { OpenSession } from './session.ts'
import type { SessionEventListener } from './session-events.ts'
import { entryOf, type SessionBook } from './session-index.ts'
import type { SessionLimits } from './session-limits.ts'
import type { SessionReader, SessionWriter } from './sessions.ts'
import { handleOf, type PresentedTicket, type TicketCookie } from './ticket-cookie.ts'
import type { TicketStore } from './ticket-store.ts'
import type { TicketedRecords } from './ticketed-records.ts'
import type { TicketChanges } from './ticketed-sessions.ts'

export interface SessionWriterOptions {
  readonly secrets: readonly string[]
  readonly cookieName: string
  readonly cookie: TicketCookie
  readonly store: TicketStore
  readonly tickets: TicketedRecords
  readonly changes: Pick<TicketChanges, 'reseal' | 'end'>
  readonly book: SessionBook
  readonly reader: Pick<SessionReader, 'use'>
  readonly limits: SessionLimits
  readonly clock: Clock
  readonly log: Log
  readonly onEvent: SessionEventListener
}

/** What a request came with. */
interface Visit {
  readonly presented: PresentedTicket | undefined
  readonly open: OpenSession | undefined
  /** express-session's object, taken off the request. */
  readonly session: (ExpressSession & Partial<SessionData>) | undefined
  /** Why the session could not be loaded. */
  readonly failure: unknown
}

export function createSessionWriter(options: SessionWriterOptions): SessionWriter {
  const { cookie, store, tickets, changes, book, limits, clock, log } = options
  const visits = new WeakMap<Request, Visit>()
  const middleware = expressSession({
    name: options.cookieName,
    secret: [...options.secrets],
    store,
    genid: () => randomToken(),
    resave: false,
    saveUninitialized: false,
    rolling: false,
  })

  function visitOf(req: Request): Visit {
    const visit = visits.get(req)
    if (!visit) throw new Error('sessions.writer.load must run before')
    if (visit.failure) throw visit.failure
    return visit
  }

  /** Takes express-session's object off the request: nothing is saved, touched or set when the response ends. */
  function takeOff(req: Request): Visit['session'] {
    const session = req.session as Visit['session']
    Reflect.deleteProperty(req, 'session')
    return session
  }

  /** What the caller came with lives: an unsafe request is use of it, and it moves to the newest secret. */
  function welcome(req: Request, res: Response, { presented, open }: Visit, stale: boolean): void {
    if (!open || !presented) return
    if (!isSafeMethod(req.method)) {
      // The gate may stand behind us: what it refuses (403) does not extend the session.
      res.once('finish', () => res.statusCode !== 403 && options.reader.use(open))
    }
    if (presented.stale) cookie.write(res, presented.ticket, limits.absoluteEndsAt(open) - clock())
    if (stale) {
      changes.reseal(open).catch((error: unknown) => {
        log.warn('session.reseal-failed', { handle: open.handle, error: String(error) })
      })
    }
  }

  async function save(session: Visit['session']): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    session?.save((error: unknown) => (error ? reject(error) : resolve()))
    await promise
  }

  return {
    load(req, res, next) {
      const presented = cookie.read(req.headers.cookie)
      middleware(req, res, (error?: unknown) => {
        const session = takeOff(req)
        const loaded = session && store.loaded(session)
        const visit = { presented, open: loaded?.open, session, failure: error }
        // A failure waits for whoever needs the session: other routes work while the store is away.
        visits.set(req, visit)
        welcome(req, res, visit, loaded?.stale ?? false)
        next()
      })
    },

    current: (req) => visitOf(req).open,

    async endReason(req) {
      const { presented, open } = visitOf(req)
      if (!presented || open) return undefined
      const reason = tickets.reason(await tickets.look(presented.ticket, presented.handle))
      if (reason === 'provider-grant-ended') return 'ended-by-provider'
      // Neither tells its owner anything: there is a newer session, or nobody to tell.
      return reason === 'replaced' || reason === 'account-deleted' ? undefined : reason
    },

    async begin(req, res, content, { starter } = {}) {
      const { presented, session: old } = visitOf(req)
      if (!old) throw new Problem('session-store-unavailable')
      old.regenerate(() => undefined)
      const fresh = takeOff(req) as NonNullable<Visit['session']>
      const ticket = fresh.id
      const handle = handleOf(ticket)
      const session = await content(handle)
      const createdAt = clock()
      const device = deviceName(req.headers['user-agent'])
      const open = { ticket, handle, createdAt, seenAt: createdAt, session }

      await book.add(entryOf(open, device))
      fresh.record = { createdAt, device, session }
      await save(fresh)
      try {
        const before = new Set([presented?.ticket, starter].filter((one) => one !== undefined && one !== ''))
        await Promise.all([...before].map((one) => changes.end(one as string, 'replaced')))
      } catch (error) {
        // The old one may live, so the new one must not: nobody has two sessions from one sign-in.
        changes.end(ticket, 'replaced').catch(() => undefined)
        throw error
      }
      cookie.write(res, ticket, limits.absoluteEndsAt(open) - createdAt)
      log.info('session.begun', { handle, state: session.state, provider: session.identity.provider })
      options.onEvent('begun', { state: session.state })
      if (session.state === 'member') await keepToLimit(session.user.id)
      return open
    },

    async end(req, res, reason) {
      const { presented } = visitOf(req)
      if (presented) await changes.end(presented.ticket, reason)
      cookie.clear(res)
    },
  }

  async function keepToLimit(userId: string): Promise<void> {
    try {
      await book.keepToLimit(userId)
    } catch (error) {
      // The session stands; the next sign-in tries again.
      log.warn('session.limit-not-kept', { error: String(error) })
    }
  }
}
