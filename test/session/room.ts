import express, { type Express } from 'express'
import request from 'supertest'
import type { RedisConfig } from '../../src/config/config.ts'
import { Problem, sendProblem } from '../../src/http/problem.ts'
import type { Log } from '../../src/ops/log.ts'
import { createSessions, type SessionsOptions } from '../../src/session/create-sessions.ts'
import { createMemoryRecordStore } from '../../src/session/memory-record-store.ts'
import { openRedisLink } from '../../src/session/redis-link.ts'
import { createRedisRecordNotices, createRedisRecordStore } from '../../src/session/redis-record-store.ts'
import type { EndReason, MemberSession, RegisteringSession, Session } from '../../src/session/session.ts'
import type { Sessions } from '../../src/session/sessions.ts'
import { freshPrefix, redisUrl } from '../support/services.ts'

export const minute = 60_000
export const hour = 60 * minute
export const day = 24 * hour

/** Time that stands still until it is advanced. */
export function createTestClock(start = Date.parse('2026-01-01T00:00:00Z')) {
  let now = start
  const clock = () => now
  return Object.assign(clock, {
    advance(ms: number) {
      now += ms
    },
  })
}

/** A log that remembers what was said. */
export function createTestLog() {
  const events: { event: string; fields: Readonly<Record<string, unknown>> }[] = []
  const note = (event: string, fields: Readonly<Record<string, unknown>> = {}) =>
    void events.push({ event, fields })
  const log: Log = { debug: note, info: note, warn: note, error: note }
  return Object.assign(log, { events, named: (name: string) => events.filter(({ event }) => event === name) })
}

export const secret = 'a secret of at least thirty-two characters'

export function redisConfig(overrides: Partial<RedisConfig> = {}): RedisConfig {
  return {
    mode: 'single',
    urls: [redisUrl()],
    sentinelMaster: undefined,
    prefix: freshPrefix(),
    timeoutMs: 250,
    ...overrides,
  }
}

export type Overrides = Partial<SessionsOptions>

export interface Room {
  readonly sessions: Sessions
  readonly clock: ReturnType<typeof createTestClock>
  readonly log: ReturnType<typeof createTestLog>
  readonly app: Express
}

/** The room behind the smallest app that uses it the way the house does. */
export async function openRoom(overrides: Overrides = {}): Promise<Room> {
  const clock = (overrides.clock as Room['clock'] | undefined) ?? createTestClock()
  const log = createTestLog()
  const sessions = await createSessions({
    secrets: [secret],
    cookie: { name: 'session', secure: false, sameSite: 'strict' },
    idleTimeoutMs: day,
    absoluteTimeoutMs: 14 * day,
    signupTimeoutMs: 30 * minute,
    limit: 20,
    redis: undefined,
    log,
    ...overrides,
    clock,
  })
  return { sessions, clock, log, app: createApp(sessions) }
}

/** The records alone, with what keeps copies of them true. */
export async function openRecords(redis: RedisConfig | undefined, clock = createTestClock()) {
  if (!redis) {
    const records = createMemoryRecordStore(clock)
    return { records, notices: records, close: async () => undefined }
  }
  const link = await openRedisLink(redis, createTestLog(), () => undefined)
  const prefix = `${redis.prefix}session:`
  return {
    records: createRedisRecordStore(link, prefix),
    notices: createRedisRecordNotices(link, prefix),
    close: link.close,
  }
}

let users = 0

/** Somebody nobody else is. */
export function newcomer(): RegisteringSession {
  users += 1
  return {
    state: 'registering',
    identity: {
      provider: 'kakao',
      subject: `subject-${users}`,
      emailVerified: false,
      nickname: 'Neo',
      email: 'neo@example.com',
    },
    authenticatedAt: 0,
    grant: { accessToken: 'provider-access-token', refreshToken: 'provider-refresh-token' },
    returnTo: '/deep?link#here',
  }
}

export function member(userId = `user-${users}`): MemberSession {
  const { returnTo: _gone, ...signedIn } = newcomer()
  return { ...signedIn, state: 'member', user: { id: userId, profile: { nickname: 'Neo' } }, tokens: {} }
}

function createApp({ writer, reader, describe }: Sessions): Express {
  const app = express()
  app.get('/api', async (req, res) => {
    const open = await reader.read(req.headers.cookie)
    if (open) reader.use(open)
    res.json(open ? { handle: open.handle, session: open.session } : null)
  })
  app.use(writer.load)
  app.post('/begin', express.json(), async (req, res) => {
    const { session, starter } = req.body as { session: Session; starter?: string }
    const open = await writer.begin(req, res, () => session, { starter })
    res.json({ ticket: open.ticket, handle: open.handle })
  })
  app.get('/session', async (req, res) => {
    const open = writer.current(req)
    res.json(open ? describe(open) : { state: 'anonymous', reason: await writer.endReason(req) })
  })
  app.post('/touch', (_req, res) => res.json({}))
  app.post('/refused', (_req, res) => res.status(403).json({}))
  app.post('/end', async (req, res) => {
    await writer.end(req, res, (req.query['reason'] ?? 'signed-out') as EndReason)
    res.json({})
  })
  app.use((error: unknown, _req: express.Request, res: express.Response, _next: express.NextFunction) => {
    if (error instanceof Problem) sendProblem(res, error, 'test')
    else res.status(500).json({ error: String(error) })
  })
  return app
}

export interface Visitor {
  /** `session=…`, as a browser would send it. */
  readonly cookie: string
  readonly ticket: string
  readonly handle: string
}

export async function signIn(
  { app }: Pick<Room, 'app'>,
  session: Session = member(),
  { cookie, starter, userAgent }: { cookie?: string; starter?: string; userAgent?: string } = {},
): Promise<Visitor> {
  const asking = request(app).post('/begin').send({ session, starter })
  if (cookie) asking.set('Cookie', cookie)
  if (userAgent) asking.set('User-Agent', userAgent)
  const response = await asking
  if (response.status !== 200) throw new Error(`sign-in answered ${response.status}: ${response.text}`)
  return { ...response.body, cookie: cookieOf(response) as string }
}

/** The `name=value` of the cookie that a response sets. */
export function cookieOf(response: { headers: Record<string, unknown> }): string | undefined {
  return setCookieOf(response)?.split(';')[0]
}

export function setCookieOf(response: { headers: Record<string, unknown> }): string | undefined {
  const lines = [response.headers['set-cookie'] ?? []].flat() as string[]
  if (lines.length > 1) throw new Error(`more than one Set-Cookie: ${lines.length}`)
  return lines[0]
}

/** Waits until something holds; the limit is the machine's time. */
export async function eventually(holds: () => boolean | Promise<boolean>, withinMs = 5_000): Promise<number> {
  const start = performance.now()
  while (!(await holds())) {
    if (performance.now() - start > withinMs) throw new Error(`not within ${withinMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return performance.now() - start
}

/** Each implementation of the store, for suites that hold for all. */
export const shelves: readonly (readonly [name: string, redis: () => RedisConfig | undefined])[] = [
  ['memory', () => undefined],
  ['Redis', () => redisConfig()],
]
