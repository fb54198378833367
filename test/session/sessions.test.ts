import { afterEach, describe, expect, it } from '@jest/globals'
import express from 'express'
import request from 'supertest'
import type { Problem } from '../../src/http/problem.ts'
import {
  day,
  eventually,
  hour,
  member,
  minute,
  newcomer,
  type Overrides,
  openRoom,
  type Room,
  setCookieOf,
  shelves,
  signIn,
} from './room.ts'

describe.each(shelves)('sessions in %s', (_name, redis) => {
  const rooms: Room[] = []
  async function open(overrides: Overrides = {}): Promise<Room> {
    const room = await openRoom({ redis: redis(), ...overrides })
    rooms.push(room)
    return room
  }
  afterEach(async () => {
    await Promise.all(rooms.splice(0).map(({ sessions }) => sessions.close()))
  })

  const who = (room: Room, cookie: string) => request(room.app).get('/session').set('Cookie', cookie)
  const api = (room: Room, cookie: string) => request(room.app).get('/api').set('Cookie', cookie)

  describe('beginning', () => {
    it('gives a cookie that scripts cannot read, for what is left of the absolute timeout', async () => {
      const room = await open()
      const response = await request(room.app).post('/begin').send({ session: member() })
      expect(setCookieOf(response)).toMatch(
        /^session=[^;]{80,120}; Max-Age=1209600; Path=\/; HttpOnly; SameSite=Strict$/,
      )
    })

    it('marks the cookie Secure where the site is https, though the request came without TLS', async () => {
      const room = await open({ cookie: { name: '__Host-session', secure: true, sameSite: 'lax' } })
      const response = await request(room.app).post('/begin').send({ session: member() })
      expect(setCookieOf(response)).toMatch(/^__Host-session=.*; Path=\/; HttpOnly; Secure; SameSite=Lax$/)
    })

    it('lets a registering cookie live only as long as the sign-up may take', async () => {
      const room = await open()
      const response = await request(room.app).post('/begin').send({ session: newcomer() })
      expect(setCookieOf(response)).toContain('Max-Age=1800;')
    })

    it('never adopts a ticket that the client brought', async () => {
      const room = await open()
      const first = await signIn(room)
      const second = await signIn(room, member(), { cookie: first.cookie })
      expect(second.ticket).not.toBe(first.ticket)
    })

    it('ends the session that the request came with, and the one it was begun in', async () => {
      const room = await open()
      const [old, starter] = [await signIn(room), await signIn(room)]
      const fresh = await signIn(room, member(), { cookie: old.cookie, starter: starter.ticket })
      expect((await who(room, old.cookie)).body).toEqual({ state: 'anonymous' })
      expect((await who(room, starter.cookie)).body).toEqual({ state: 'anonymous' })
      expect((await who(room, fresh.cookie)).body).toMatchObject({ state: 'member' })
    })

    it('is refused to a request in flight whose session signs out: nobody is signed in again behind their back', async () => {
      // browser:  POST /auth/signup ...............(inserting the user)............. begin
      // browser:            POST /auth/logout → 200
      const room = await open()
      const visitor = await signIn(room, newcomer())
      const app = express()
      app.use(room.sessions.writer.load)
      app.post('/sign-up', async (req, res) => {
        const begun = room.sessions.writer.begin(req, res, async () => {
          await request(room.app).post('/end').set('Cookie', visitor.cookie)
          return member('late')
        })
        await begun.then(
          () => res.json({ code: 'begun' }),
          (error: Problem) => res.json({ code: error.code }),
        )
      })
      const response = await request(app).post('/sign-up').set('Cookie', visitor.cookie)
      expect([response.body, setCookieOf(response)]).toEqual([{ code: 'session-required' }, undefined])
      expect(await room.sessions.index.list('late')).toEqual([])
    })

    it('is not refused to the second of two tabs that finish together', async () => {
      const room = await open()
      const visitor = await signIn(room, newcomer())
      const app = express()
      app.use(room.sessions.writer.load)
      app.post('/sign-up', async (req, res) => {
        await room.sessions.writer.begin(req, res, async () => {
          await request(room.app)
            .post('/begin')
            .set('Cookie', visitor.cookie)
            .send({ session: member('twice') })
          return member('twice')
        })
        res.json({})
      })
      const response = await request(app).post('/sign-up').set('Cookie', visitor.cookie)
      expect([response.status, setCookieOf(response)]).toEqual([200, expect.stringContaining('session=')])
    })

    it('sets no cookie for anonymous requests, nor for ones with a dead ticket', async () => {
      const room = await open()
      const dead = await signIn(room)
      await request(room.app).post('/end').set('Cookie', dead.cookie)
      expect(setCookieOf(await request(room.app).get('/session'))).toBeUndefined()
      expect(setCookieOf(await who(room, dead.cookie))).toBeUndefined()
    })
  })

  describe('describing', () => {
    it('tells a registering person what sign-up may start from', async () => {
      const room = await open()
      const { cookie } = await signIn(room, newcomer())
      expect((await who(room, cookie)).body).toEqual({
        state: 'registering',
        provider: 'kakao',
        suggested: { nickname: 'Neo', email: 'neo@example.com' },
        returnTo: '/deep?link#here',
        expiresAt: '2026-01-01T00:30:00.000Z',
      })
    })

    it('tells a member who they are and when both limits end', async () => {
      const room = await open()
      const { cookie, handle } = await signIn(room, member('user-a'))
      expect((await who(room, cookie)).body).toEqual({
        state: 'member',
        user: { id: 'user-a', nickname: 'Neo' },
        provider: 'kakao',
        expiresAt: '2026-01-02T00:00:00.000Z',
        absoluteExpiresAt: '2026-01-15T00:00:00.000Z',
        sessionId: handle,
      })
    })
  })

  describe('time', () => {
    it('ends a session that was not used for the idle timeout', async () => {
      const room = await open()
      const { cookie } = await signIn(room)
      room.clock.advance(day - 1)
      expect((await api(room, cookie)).body).not.toBeNull()
      room.clock.advance(day)
      expect((await api(room, cookie)).body).toBeNull()
      expect((await who(room, cookie)).body).toEqual({ state: 'anonymous', reason: 'expired' })
    })

    it('counts the uses of a socket that is older than the idle timeout', async () => {
      const room = await open()
      const { cookie } = await signIn(room)
      const session = await room.sessions.reader.read(cookie)
      if (!session) throw new Error('no session')
      for (let halfDays = 0; halfDays < 6; halfDays += 1) {
        room.clock.advance(12 * hour)
        room.sessions.reader.use(session)
        await eventually(async () => (await room.sessions.reader.read(cookie))?.seenAt === room.clock())
      }
    })

    it('does not count a look at the session as use', async () => {
      const room = await open()
      const { cookie } = await signIn(room)
      room.clock.advance(23 * hour)
      expect((await who(room, cookie)).body).toMatchObject({ state: 'member' })
      room.clock.advance(2 * hour)
      expect((await who(room, cookie)).body).toMatchObject({ state: 'anonymous' })
    })

    it('counts an unsafe request on /auth as use', async () => {
      const room = await open()
      const { cookie } = await signIn(room)
      room.clock.advance(23 * hour)
      await request(room.app).post('/touch').set('Cookie', cookie)
      room.clock.advance(2 * hour)
      expect((await who(room, cookie)).body).toMatchObject({ expiresAt: '2026-01-02T23:00:00.000Z' })
    })

    it('does not count a request that is refused as use', async () => {
      const room = await open()
      const { cookie } = await signIn(room)
      room.clock.advance(23 * hour)
      await request(room.app).post('/refused').set('Cookie', cookie)
      await new Promise((resolve) => setTimeout(resolve, 20))
      expect((await who(room, cookie)).body).toMatchObject({ expiresAt: '2026-01-02T00:00:00.000Z' })
    })

    it('ends a session at the absolute timeout, however busy', async () => {
      const room = await open({ absoluteTimeoutMs: 2 * day })
      const { cookie } = await signIn(room)
      for (let hours = 0; hours < 47; hours += 1) {
        room.clock.advance(hour)
        expect((await api(room, cookie)).body).not.toBeNull()
      }
      room.clock.advance(hour)
      expect((await api(room, cookie)).body).toBeNull()
    })

    it('holds an idle timeout of two seconds to within a tenth', async () => {
      const room = await open({ idleTimeoutMs: 2_000 })
      const { cookie } = await signIn(room)
      for (let tenths = 0; tenths < 60; tenths += 1) {
        room.clock.advance(100)
        expect((await api(room, cookie)).body).not.toBeNull()
        await new Promise((resolve) => setTimeout(resolve, 2))
      }
      room.clock.advance(2_001)
      expect((await api(room, cookie)).body).toBeNull()
    })

    it('does not extend a sign-up by use', async () => {
      const room = await open()
      const { cookie } = await signIn(room, newcomer())
      room.clock.advance(29 * minute)
      await request(room.app).post('/touch').set('Cookie', cookie)
      expect((await who(room, cookie)).body).toMatchObject({ state: 'registering' })
      room.clock.advance(2 * minute)
      expect((await who(room, cookie)).body).toEqual({ state: 'anonymous', reason: 'expired' })
    })

    it('says for a day why a session ended, and then no more', async () => {
      const room = await open()
      const { cookie } = await signIn(room)
      await request(room.app).post('/end').set('Cookie', cookie)
      room.clock.advance(day - 1)
      expect((await who(room, cookie)).body).toEqual({ state: 'anonymous', reason: 'signed-out' })
      room.clock.advance(1)
      expect((await who(room, cookie)).body).toEqual({ state: 'anonymous' })
    })
  })

  describe('ending', () => {
    it('refuses the ticket at once, on both ways in, and clears the cookie', async () => {
      const room = await open()
      const { cookie } = await signIn(room)
      expect((await api(room, cookie)).body).not.toBeNull()
      const response = await request(room.app).post('/end').set('Cookie', cookie)
      expect(setCookieOf(response)).toBe('session=; Max-Age=0; Path=/; HttpOnly; SameSite=Strict')
      expect((await api(room, cookie)).body).toBeNull()
      expect((await who(room, cookie)).body).toEqual({ state: 'anonymous', reason: 'signed-out' })
    })

    it.each([
      ['ended-elsewhere', 'ended-elsewhere'],
      ['ended-by-provider', 'ended-by-provider'],
      ['provider-grant-ended', 'ended-by-provider'],
      ['session-limit', 'session-limit'],
      ['account-disabled', 'account-disabled'],
      ['account-deleted', undefined],
      ['replaced', undefined],
    ])('tells the owner of a session that ended as %s: %s', async (reason, told) => {
      const room = await open()
      const { cookie } = await signIn(room)
      await request(room.app).post(`/end?reason=${reason}`).set('Cookie', cookie)
      expect((await who(room, cookie)).body.reason).toBe(told)
    })

    it('tells whoever watches, once, with the reason', async () => {
      const room = await open()
      const { cookie } = await signIn(room)
      const session = await room.sessions.reader.read(cookie)
      const told: string[] = []
      if (session) room.sessions.reader.watch(session, (reason) => told.push(reason))
      await request(room.app).post('/end').set('Cookie', cookie)
      await new Promise((resolve) => setTimeout(resolve, 300))
      expect(told).toEqual(['signed-out'])
    })

    it('ends what watches when the clock passes the limit', async () => {
      const room = await open()
      const { cookie } = await signIn(room)
      const session = await room.sessions.reader.read(cookie)
      if (!session) throw new Error('no session')
      const ended = new Promise((resolve) => room.sessions.reader.watch(session, resolve))
      room.clock.advance(day)
      expect(await ended).toBe('expired')
    })

    it('tells whoever begins to watch what has ended meanwhile', async () => {
      const room = await open()
      const { cookie } = await signIn(room)
      const session = await room.sessions.reader.read(cookie)
      if (!session) throw new Error('no session')
      await request(room.app).post('/end').set('Cookie', cookie)
      expect((await api(room, cookie)).body).toBeNull()
      expect(await new Promise((resolve) => room.sessions.reader.watch(session, resolve))).toBe('signed-out')
    })

    it('tells nobody who has stopped watching', async () => {
      const room = await open()
      const { cookie } = await signIn(room)
      const session = await room.sessions.reader.read(cookie)
      if (!session) throw new Error('no session')
      const told: string[] = []
      room.sessions.reader.watch(session, () => told.push('stopped'))()
      room.sessions.reader.watch(session, () => told.push('watching'))
      await request(room.app).post('/end').set('Cookie', cookie)
      expect(told).toEqual(['watching'])
    })
  })

  describe('changing', () => {
    it('re-applies a change that lost against another', async () => {
      const room = await open()
      const { ticket } = await signIn(room)
      const { tickets } = room.sessions
      const found = await tickets.open(ticket)
      if (!found) throw new Error('no session')
      const names = Array.from({ length: 5 }, (_, index) => `audience-${index}`)
      await Promise.all(
        names.map((name) =>
          tickets.update(found, (session) =>
            session.state === 'member'
              ? { ...session, tokens: { ...session.tokens, [name]: { token: 't', expiresAt: 1 } } }
              : undefined,
          ),
        ),
      )
      expect(Object.keys((await tickets.open(ticket))?.session as object)).toContain('tokens')
      expect((await tickets.open(ticket))?.session).toMatchObject({
        tokens: Object.fromEntries(names.map((name) => [name, { token: 't' }])),
      })
    })

    it('is seen by the next read', async () => {
      const room = await open()
      const { ticket, cookie } = await signIn(room)
      await api(room, cookie)
      const found = await room.sessions.tickets.open(ticket)
      if (!found) throw new Error('no session')
      await room.sessions.tickets.update(found, (session) => ({ ...session, authenticatedAt: 42 }))
      expect((await api(room, cookie)).body.session.authenticatedAt).toBe(42)
    })

    it('cannot bring back a session that has ended', async () => {
      const room = await open()
      const { ticket, cookie } = await signIn(room)
      const found = await room.sessions.tickets.open(ticket)
      if (!found) throw new Error('no session')
      await request(room.app).post('/end').set('Cookie', cookie)
      expect(await room.sessions.tickets.update(found, (session) => session)).toBeUndefined()
      expect((await api(room, cookie)).body).toBeNull()
    })

    it('writes nothing when there is nothing to change', async () => {
      const room = await open()
      const { ticket } = await signIn(room)
      const found = await room.sessions.tickets.open(ticket)
      if (!found) throw new Error('no session')
      expect(await room.sessions.tickets.update(found, () => undefined)).toBeUndefined()
      expect(await room.sessions.tickets.open(ticket)).toBeDefined()
    })
  })

  describe('what is no session', () => {
    it.each([
      ['a ticket signed with another secret', (cookie: string) => cookie.replace(/.{8}$/, 'AAAAAAAA')],
      ['another ticket under the same signature', (cookie: string) => cookie.replace(/=s:..../, '=s:AAAA')],
      ['a truncated cookie', (cookie: string) => cookie.slice(0, -3)],
      ['an unsigned ticket', (cookie: string) => cookie.replace('=s:', '=').replace(/\..*/, '')],
      ['another program’s cookie', () => 'session=eyJhbGciOiJIUzI1NiJ9.e30.x'],
      ['nothing', () => 'session='],
    ])('%s is anonymous, logged once, and never an error', async (_what, forge) => {
      const room = await open()
      const { cookie } = await signIn(room)
      const forged = forge(cookie)
      for (const answer of [await who(room, forged), await api(room, forged), await who(room, forged)]) {
        expect(answer.status).toBe(200)
        expect(answer.body?.handle ?? answer.body?.user).toBeUndefined()
      }
      expect(room.log.named('session.cookie-refused').length).toBe(forged === 'session=' ? 0 : 1)
    })

    it('a genuine ticket that no session ever had', async () => {
      const [room, elsewhere] = [await open(), await open()]
      const { cookie } = await signIn(elsewhere)
      expect((await who(room, cookie)).body).toEqual({ state: 'anonymous' })
    })
  })

  describe('marks', () => {
    it('are the first only once within their time', async () => {
      const { sessions } = await open()
      expect(await sessions.marks.first('state', minute)).toBe(true)
      expect(await sessions.marks.first('state', minute)).toBe(false)
      expect(await sessions.marks.first('another', minute)).toBe(true)
    })

    it('can be forgotten, by whoever came first and could not do it', async () => {
      const { sessions } = await open()
      await sessions.marks.first('state', minute)
      await sessions.marks.forget('state')
      await new Promise((resolve) => setTimeout(resolve, 5))
      expect(await sessions.marks.first('state', minute)).toBe(true)
    })

    it('stand for longer when they are kept', async () => {
      const { sessions } = await open()
      await sessions.marks.first('state', 20)
      await sessions.marks.keep('state', minute)
      await new Promise((resolve) => setTimeout(resolve, 40))
      expect(await sessions.marks.first('state', minute)).toBe(false)
    })
  })

  it('answers a ping', async () => {
    const { sessions } = await open()
    await expect(sessions.ping()).resolves.toBeUndefined()
  })

  it('answers from memory without a promise while nothing changed', async () => {
    const room = await open()
    const { cookie } = await signIn(room)
    await room.sessions.reader.read(cookie)
    expect(room.sessions.reader.read(cookie)).toMatchObject({ session: { state: 'member' } })
  })
})

describe('a session cookie in quotes', () => {
  it('is no ticket to any part of the server', async () => {
    const room = await openRoom()
    const { cookie, ticket } = await signIn(room)
    const quoted = cookie.replace(/=(.*)$/, '="$1"')
    expect((await request(room.app).get('/session').set('Cookie', quoted)).body).toEqual({
      state: 'anonymous',
    })
    await request(room.app).post('/end').set('Cookie', cookie)
    expect(await room.sessions.tickets.open(ticket)).toBeUndefined()
    await room.sessions.close()
  })
})

describe('the name of a device', () => {
  it.each([
    [
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36',
      'Chrome on Windows',
    ],
    ['Your-account-is-locked-call-0800/1.0 (please)', 'Unknown device'],
    ['<b>x</b>/1 y', 'Unknown device'],
    ['Evil/1.0 (Windows NT 10.0; evil)', 'Windows'],
  ])('is one of a closed list, never the words of the header: %s', async (userAgent, device) => {
    const room = await openRoom()
    await signIn(room, member('of-a-device'), { userAgent })
    expect(await room.sessions.index.list('of-a-device')).toMatchObject([{ device }])
    await room.sessions.close()
  })
})
