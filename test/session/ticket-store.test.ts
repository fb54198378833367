import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Request, Response } from 'express'
import expressSession, { type SessionData } from 'express-session'
import { randomToken } from '../../src/crypto/random.ts'
import { createSessionLimits } from '../../src/session/session-limits.ts'
import { createRecordSealer, type SessionRecord } from '../../src/session/session-record.ts'
import { handleOf } from '../../src/session/ticket-cookie.ts'
import { TicketStore } from '../../src/session/ticket-store.ts'
import { createTicketedRecords } from '../../src/session/ticketed-records.ts'
import { createTestClock, createTestLog, day, member, minute, openRecords, secret, shelves } from './room.ts'

/** What express-session expects of a store, and what this one refuses. */
describe.each(shelves)('the express-session store in %s', (_name, redis) => {
  const clock = createTestClock()
  let shelf: Awaited<ReturnType<typeof openRecords>>
  let store: TicketStore
  beforeAll(async () => {
    shelf = await openRecords(redis(), clock)
    const { records } = shelf
    const tickets = createTicketedRecords({
      records,
      sealer: createRecordSealer([secret]),
      limits: createSessionLimits({
        idleTimeoutMs: day,
        absoluteTimeoutMs: 14 * day,
        signupTimeoutMs: 30 * minute,
      }),
      clock,
      log: createTestLog(),
      onEvent: () => undefined,
    })
    store = new TicketStore({
      tickets,
      client: undefined,
      end: (ticket) => records.end(handleOf(ticket), { state: 'ended', reason: 'signed-out', at: clock() }),
    })
  })
  afterAll(() => shelf.close())

  const record = (authenticatedAt = 1): SessionRecord => ({
    createdAt: clock(),
    device: 'a test',
    session: { ...member(), authenticatedAt },
  })
  const data = (content = record()) => ({ cookie: { originalMaxAge: null }, record: content }) as SessionData
  async function saved(): Promise<string> {
    const ticket = randomToken()
    await store.set(ticket, data())
    return ticket
  }
  const seen = async (ticket: string) => (await store.get(ticket))?.record?.session.authenticatedAt

  it('answers null, and no error, for an unknown session', async () => {
    expect(await store.get(randomToken())).toBeNull()
  })

  it('gives back what was set, with a cookie object', async () => {
    const ticket = await saved()
    expect(await store.get(ticket)).toMatchObject({
      cookie: { originalMaxAge: null },
      record: { device: 'a test' },
    })
  })

  it('calls back as well as it resolves', async () => {
    const ticket = randomToken()
    const calls = await new Promise((resolve) => {
      store.set(ticket, data(), (failed) => {
        store.get(ticket, (error, session) => resolve([failed, error, session?.record?.device]))
      })
    })
    expect(calls).toEqual([null, null, 'a test'])
  })

  it('forgets a destroyed session, and says nothing of one that is not there', async () => {
    const ticket = await saved()
    await store.destroy(ticket)
    await store.destroy(ticket)
    await store.destroy(randomToken())
    expect(await store.get(ticket)).toBeNull()
  })

  it('does not extend a session that is touched', async () => {
    const ticket = await saved()
    clock.advance(day - minute)
    await store.touch(ticket, data())
    clock.advance(minute)
    expect(await store.get(ticket)).toBeNull()
  })

  it('creates no second session under a ticket', async () => {
    const ticket = await saved()
    await expect(store.set(ticket, data())).rejects.toMatchObject({ code: 'session-store-unavailable' })
  })

  describe('loaded and saved by express-session', () => {
    const middleware = () =>
      expressSession({ secret, store, resave: false, saveUninitialized: false, genid: () => randomToken() })

    /** A request with the session of `ticket`, loaded by express-session. */
    async function load(ticket: string): Promise<Request> {
      const { sign } = await import('cookie-signature')
      const req = Object.assign(new IncomingMessage(new Socket()), {
        url: '/',
        originalUrl: '/',
        method: 'GET',
      })
      req.headers.cookie = `connect.sid=${encodeURIComponent(`s:${sign(ticket, secret)}`)}`
      const res = new ServerResponse(req)
      await new Promise((resolve) => middleware()(req as Request, res as Response, resolve))
      return req as Request
    }
    const save = (req: Request, authenticatedAt: number) =>
      new Promise<unknown>((resolve) => {
        req.session.record = record(authenticatedAt)
        req.session.save(resolve)
      })

    it('replaces the revision it was loaded with, again and again', async () => {
      const ticket = await saved()
      const req = await load(ticket)
      expect(await save(req, 2)).toBeNull()
      expect(await save(req, 3)).toBeNull()
      expect(await seen(ticket)).toBe(3)
    })

    // load ──▶ (slow) ──────────────▶ save: would overwrite what the other one saved
    //            load ──▶ save
    it('does not overwrite a newer one', async () => {
      const ticket = await saved()
      const [slow, quick] = [await load(ticket), await load(ticket)]
      expect(await save(quick, 2)).toBeNull()
      expect(await save(slow, 3)).toMatchObject({ code: 'session-store-unavailable' })
      expect(await seen(ticket)).toBe(2)
    })

    // load ──▶ (slow) ──────────────▶ save: would bring the session back
    //            logout
    it('does not bring an ended one back', async () => {
      const ticket = await saved()
      const slow = await load(ticket)
      await store.destroy(ticket)
      expect(await save(slow, 2)).toMatchObject({ code: 'session-store-unavailable' })
      expect(await store.get(ticket)).toBeNull()
    })
  })

  it.each(['all', 'ids', 'length', 'clear'] as const)('refuses %s', async (method) => {
    await expect(store[method]()).rejects.toThrow('not supported')
  })
})
