import { RedisStore } from 'connect-redis'
import type { Request } from 'express'
import type { Session as ExpressSession, SessionData } from 'express-session'
import { Problem } from '../http/problem.ts'
import type { SessionRecord } from './session-record.ts'
import { handleOf } from './ticket-cookie.ts'
import type { OpenedRecord, TicketedRecords } from './ticketed-records.ts'

declare module 'express-session' {
  interface SessionData {
    /** All there is in a session of ours. */
    record?: SessionRecord
  }
}

type Callback<T> = (error?: unknown, value?: T) => void

export interface TicketStoreOptions {
  readonly tickets: TicketedRecords
  /** node-redis's client; undefined where records are in memory. */
  readonly client: unknown
  /** Ends the session of a ticket. */
  end(ticket: string): Promise<unknown>
}

/**
 * connect-redis with every step that touches a record replaced: hashed names, sealed values, compare-and-set writes.
 * express-session knows sessions by their ticket; the store knows them by their handle.
 */
export class TicketStore extends RedisStore {
  /** Put here by express-session: gives a request a new, empty session under a new ticket. */
  declare generate: (req: Request) => void
  readonly #tickets: TicketedRecords
  readonly #end: TicketStoreOptions['end']
  // The revision that was read travels beside the session, which express-session copies, hashes and serialises.
  readonly #loaded = new WeakMap<object, OpenedRecord>()

  constructor({ tickets, client, end }: TicketStoreOptions) {
    super({ client, disableTouch: true })
    this.#tickets = tickets
    this.#end = end
  }

  /** What a session was loaded from. */
  loaded(session: object): OpenedRecord | undefined {
    return this.#loaded.get(session)
  }

  override get(ticket: string, callback?: Callback<SessionData | null>): Promise<SessionData | null> {
    return answer(this.#get(ticket), callback)
  }

  async #get(ticket: string): Promise<SessionData | null> {
    const looked = await this.#tickets.look(ticket, handleOf(ticket))
    if (!looked.open || !this.#tickets.alive(looked)) return null
    const { createdAt, session } = looked.open
    const record = { createdAt, device: looked.device, session }
    const data = { cookie: { originalMaxAge: null }, record } as SessionData
    this.#loaded.set(data, looked)
    return data
  }

  /** Carries the revision over to the object that express-session makes of the data. */
  override createSession(req: Request, data: SessionData): ExpressSession & SessionData {
    const session = super.createSession(req, data)
    const loaded = this.#loaded.get(data)
    if (loaded) this.#loaded.set(session, loaded)
    return session
  }

  /** Creates, or replaces the revision that was loaded. Anything else is an error: an ended session stays ended. */
  override set(ticket: string, session: SessionData, callback?: Callback<void>): Promise<void> {
    return answer(this.#set(ticket, session), callback)
  }

  async #set(ticket: string, session: SessionData): Promise<void> {
    const { record } = session
    if (!record) throw new Error('a session without a record cannot be saved')
    const handle = handleOf(ticket)
    const loaded = this.#loaded.get(session)
    const replaces = loaded?.revision ?? 0
    const seenAt = loaded?.open.seenAt ?? record.createdAt
    const outcome = await this.#tickets.write(ticket, handle, record, { replaces, seenAt })
    if (outcome !== 'written') {
      throw new Problem('session-store-unavailable', { cause: new Error(`not saved: ${outcome}`) })
    }
    const open = { ticket, handle, createdAt: record.createdAt, seenAt, session: record.session }
    this.#loaded.set(session, { open, device: record.device, revision: replaces + 1, stale: false, size: 0 })
  }

  /** Being loaded is no use (a GET on /auth is none), and use is written down by the reader. */
  override async touch(_ticket: string, _session: SessionData, callback?: Callback<void>): Promise<void> {
    callback?.(null)
  }

  override destroy(ticket: string, callback?: Callback<void>): Promise<void> {
    return answer(
      this.#end(ticket).then(() => undefined),
      callback,
    )
  }

  /** A new ticket. The old session is ended by whoever asked, after the new one has been saved. */
  override regenerate(req: Request, callback: Callback<void>): void {
    this.generate(req)
    callback()
  }

  override all(callback?: Callback<never>): Promise<never> {
    return answer(refused('sealed sessions cannot be listed'), callback)
  }

  override ids(callback?: Callback<never>): Promise<never> {
    return answer(refused('tickets are not kept'), callback)
  }

  override length(callback?: Callback<never>): Promise<never> {
    return answer(refused('counting reads every key'), callback)
  }

  override clear(callback?: Callback<never>): Promise<never> {
    return answer(refused('one command on many keys does not work in a cluster'), callback)
  }
}

async function refused(why: string): Promise<never> {
  throw new Error(`not supported: ${why}`)
}

/** express-session passes a callback, everybody else awaits. */
async function answer<T>(work: Promise<T>, callback: Callback<T> | undefined): Promise<T> {
  if (!callback) return work
  work.then(
    (value) => callback(null, value),
    (error: unknown) => callback(error),
  )
  return work.catch(() => undefined as T)
}
