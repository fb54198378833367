import type { ApiTokens, TokenRequest } from '../../src/api-token/api-tokens.ts'
import type { RouteConfig } from '../../src/config/config.ts'
import { Problem } from '../../src/http/problem.ts'
import type { EndReason, OpenSession, Session } from '../../src/session/session.ts'
import type { SessionReader } from '../../src/session/sessions.ts'

export const now = Date.parse('2026-01-01T00:00:00Z')

/** A route with the contract's defaults. */
export function route(overrides: Partial<RouteConfig> & Pick<RouteConfig, 'target'>): RouteConfig {
  return {
    path: '/api',
    auth: 'required',
    stripPrefix: false,
    methods: undefined,
    timeoutMs: 5000,
    idleMs: 300_000,
    websocket: true,
    maxBodyBytes: undefined,
    cookies: 'none',
    setCookie: false,
    csrf: true,
    token: 'service',
    audience: 'https://api.example',
    maxAuthAgeMs: undefined,
    headers: undefined,
    sandbox: true,
    ...overrides,
  }
}

export interface FakeSessions extends SessionReader {
  /** Signs somebody in; returns the Cookie header. */
  begin(ticket: string, session?: Partial<Session>): string
  end(ticket: string, reason?: EndReason): void
  /** Tickets that counted as used, in order. */
  readonly uses: string[]
  readonly watched: number
  readonly reads: number
  /** The store cannot tell any more. */
  fail(): void
  /** From now on answers come later, through a promise. */
  slowDown(): void
}

/** Sessions in a map: `session=TICKET`. */
export function fakeSessions(): FakeSessions {
  const sessions = new Map<string, OpenSession>()
  const watchers = new Set<{ ticket: string; onEnd: (reason: EndReason) => void }>()
  const uses: string[] = []
  let slow = false
  let down = false
  let reads = 0

  function look(cookie: string | undefined): OpenSession | undefined {
    reads += 1
    const ticket = /(?:^|; )session=([^;]*)/.exec(cookie ?? '')?.[1]
    if (ticket === undefined) return undefined
    if (down) throw new Problem('session-store-unavailable')
    return sessions.get(ticket)
  }

  return {
    uses,
    get watched() {
      return watchers.size
    },
    get reads() {
      return reads
    },
    read: (cookie) => (slow ? Promise.resolve().then(() => look(cookie)) : look(cookie)),
    use: (open) => void uses.push(open.ticket),
    renewal: () => undefined,
    watch(open, onEnd) {
      const watcher = { ticket: open.ticket, onEnd }
      watchers.add(watcher)
      return () => watchers.delete(watcher)
    },
    begin(ticket, session = {}) {
      const identity = { provider: 'kakao', subject: '1', emailVerified: false }
      const member = {
        state: 'member',
        user: { id: 'u1', profile: {} },
        tokens: {},
        identity,
        authenticatedAt: now,
        returnTo: '/',
        ...session,
      } as Session
      sessions.set(ticket, { ticket, handle: `h-${ticket}`, createdAt: now, seenAt: now, session: member })
      return `session=${ticket}`
    },
    end(ticket, reason = 'signed-out') {
      sessions.delete(ticket)
      for (const watcher of [...watchers]) {
        if (watcher.ticket !== ticket) continue
        watchers.delete(watcher)
        watcher.onEnd(reason)
      }
    },
    fail: () => {
      down = true
    },
    slowDown: () => {
      slow = true
    },
  }
}

export interface FakeTokens extends ApiTokens {
  readonly asked: { readonly ticket: string; readonly request: TokenRequest; readonly rejected?: string }[]
  /** What the next call gets instead of `TOKEN`. */
  answer: (rejected: string | undefined) => ReturnType<ApiTokens['tokenFor']>
}

export function fakeTokens(): FakeTokens {
  const tokens: FakeTokens = {
    asked: [],
    answer: () => 'TOKEN',
    tokenFor(open, request, rejected) {
      tokens.asked.push({ ticket: open.ticket, request, ...(rejected !== undefined && { rejected }) })
      return tokens.answer(rejected)
    },
  }
  return tokens
}
