import express, { type ErrorRequestHandler, type Express } from 'express'
import request from 'supertest'
import type { Clock } from '../../src/clock.ts'
import { Problem, sendProblem } from '../../src/http/problem.ts'
import { requestId } from '../../src/http/request-id.ts'
import type { Log } from '../../src/ops/log.ts'
import { createSessions } from '../../src/session/create-sessions.ts'
import type { Identity, OpenSession, Session } from '../../src/session/session.ts'
import type { Sessions } from '../../src/session/sessions.ts'
import { builtInSignupSchema } from '../../src/signup/built-in-schema.ts'
import { createSignup } from '../../src/signup/create-signup.ts'
import type { SignupRoom } from '../../src/signup/signup-room.ts'
import { createUsers } from '../../src/users/create-users.ts'
import type { Users } from '../../src/users/directory.ts'

const quiet: Log = { debug() {}, info() {}, warn() {}, error() {} }

/** A browser's side of one session: its Cookie header. */
export interface Visitor {
  readonly cookie: string
}

/** The sign-up room with real sessions in memory and a real directory, behind a door that begins any session. */
export interface Room {
  readonly app: Express
  readonly sessions: Sessions
  readonly users: Users
  /** A browser that a provider has just vouched for. */
  vouchedFor(identity?: Partial<Identity>): Promise<Visitor>
  /** The session behind a visitor's cookie. */
  sessionOf(visitor: Visitor): Promise<OpenSession | undefined>
  /** The visitor after an answer that may have brought a new ticket. */
  after(answer: { readonly headers: Record<string, unknown> }): Visitor
  close(): Promise<void>
}

export async function createRoom(overrides: Partial<SignupRoom> = {}): Promise<Room> {
  const clock: Clock = () => Date.parse('2026-01-01T00:00:00Z')
  const sessions = await createSessions({
    secrets: ['a secret of at least thirty-two characters'],
    cookie: { name: 'session', secure: false, sameSite: 'strict' },
    idleTimeoutMs: 86_400_000,
    absoluteTimeoutMs: 14 * 86_400_000,
    signupTimeoutMs: 1_800_000,
    limit: 20,
    redis: undefined,
    clock,
    log: quiet,
  })
  const users = await createUsers({ database: { kind: 'sqlite', path: ':memory:' }, clock, log: quiet })
  const app = express()
  const waiting = new Map<string, Session>()
  app.post('/begin/:subject', sessions.writer.load, async (req, res) => {
    const session = waiting.get(String(req.params['subject']))
    if (!session) throw new Error('no session to begin')
    await sessions.writer.begin(req, res, () => session)
    res.end()
  })
  app.use(
    '/auth',
    sessions.writer.load,
    createSignup({
      sessions,
      directory: users.directory,
      schema: builtInSignupSchema,
      initialTokens: async ({ user }, handle) => {
        return { api: { token: `${handle} as ${user.profile['nickname']}`, expiresAt: clock() } }
      },
      log: quiet,
      ...overrides,
    }),
  )
  app.use(answerErrors)

  const after: Room['after'] = ({ headers }) => {
    const [line] = headers['set-cookie'] as string[]
    return { cookie: String(line).split(';', 1)[0] ?? '' }
  }
  let subjects = 0
  return {
    app,
    sessions,
    users,
    after,
    async vouchedFor(identity = {}) {
      subjects += 1
      waiting.set(`${subjects}`, {
        state: 'registering',
        identity: { provider: 'kakao', subject: `subject-${subjects}`, emailVerified: false, ...identity },
        grant: { accessToken: 'the provider’s' },
        authenticatedAt: clock(),
        returnTo: '/notes?page=2#last',
      })
      return after(await request(app).post(`/begin/${subjects}`))
    },
    async sessionOf({ cookie }) {
      return sessions.reader.read(cookie)
    },
    async close() {
      await sessions.close()
      await users.close()
    },
  }
}

const answerErrors: ErrorRequestHandler = (error, req, res, _next) => {
  sendProblem(res, error instanceof Problem ? error : new Problem('internal-error'), requestId(req))
}
