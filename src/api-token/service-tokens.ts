import type { Clock } from '../clock.ts'
import { Problem } from '../http/problem.ts'
import type { Log } from '../ops/log.ts'
import type { HeldToken, MemberSession, OpenSession } from '../session/session.ts'
import type { TicketedSessions } from '../session/sessions.ts'
import type { KeyRing } from './key-ring.ts'
import { comfortableMs, createRenewals } from './renewals.ts'
import type { IssueToken } from './service-token.ts'

export interface ServiceTokensOptions {
  readonly ring: KeyRing
  readonly issue: IssueToken
  readonly lifetimeMs: number
  readonly tickets: TicketedSessions
  readonly clock: Clock
  readonly log: Log
}

/** Kind `service`: issued once per session and audience, kept in the session, renewed before it is too short. */
export function createServiceTokens({ ring, issue, lifetimeMs, tickets, clock, log }: ServiceTokensOptions) {
  const earlyMs = Math.max(comfortableMs, lifetimeMs / 5)
  const renewals = createRenewals({ earlyMs, leastMs: comfortableMs }, clock, log)

  const verifiable = (held: HeldToken | undefined) => (held && ring.knows(held.token) ? held : undefined)

  async function renew(open: OpenSession, audience: string): Promise<string | undefined> {
    const enough = (held: HeldToken | undefined) =>
      held && ring.knows(held.token) && held.expiresAt - clock() >= earlyMs ? held.token : undefined

    // Signed outside the store's change, which must not wait: a profile changed meanwhile is signed again.
    for (let newest = await tickets.open(open.ticket), tries = 0; tries < 5; tries += 1) {
      if (newest?.session.state !== 'member') return undefined
      const member: MemberSession = newest.session
      const there = enough(member.tokens[audience])
      if (there) return there
      const issued = await issue(member, open.handle, audience)
      const saved = await tickets.update(newest, (session) =>
        session.state === 'member' && sameSubject(session, member) && !enough(session.tokens[audience])
          ? { ...session, tokens: { ...unexpired(session.tokens, clock()), [audience]: issued } }
          : undefined,
      )
      if (saved) return issued.token
      newest = await tickets.open(open.ticket)
    }
    throw new Problem('token-unavailable')
  }

  return function serviceToken(open: OpenSession, session: MemberSession, audience: string) {
    const held = session.tokens[audience]
    // The way of nearly every call: nothing is allocated, no promise is made.
    if (held && held.expiresAt - clock() >= earlyMs && ring.knows(held.token)) return held.token
    const key = `service:${open.handle} ${audience}`
    return renewals.tokenFor({ key, held: verifiable(held), renew: () => renew(open, audience) })
  }
}

function sameSubject(a: MemberSession, b: MemberSession): boolean {
  return (
    a.authenticatedAt === b.authenticatedAt &&
    a.identity.provider === b.identity.provider &&
    JSON.stringify(a.user) === JSON.stringify(b.user)
  )
}

function unexpired(tokens: MemberSession['tokens'], now: number): MemberSession['tokens'] {
  return Object.fromEntries(Object.entries(tokens).filter(([, { expiresAt }]) => expiresAt > now))
}
