import { Problem } from '../../src/http/problem.ts'
import { assembleSessions } from '../../src/session/create-sessions.ts'
import type { RecordStore } from '../../src/session/record-store.ts'
import type { OpenSession, Session } from '../../src/session/session.ts'
import { openRedisShelf, type SessionShelf } from '../../src/session/session-shelf.ts'
import type { Sessions } from '../../src/session/sessions.ts'
import { createDice, type Dice } from '../support/dice.ts'
import { createTestClock, createTestLog, day, member, minute, newcomer, redisConfig, secret } from './room.ts'
import { begin, end } from './store-level.ts'

/** Puts pauses of the dice's choice before and after each step in the store: every method becomes slow somewhere. */
function slowed(records: RecordStore, dice: () => Dice): RecordStore {
  async function pause(): Promise<void> {
    for (let turns = dice()(6); turns > 0; turns -= 1) await new Promise(setImmediate)
  }
  async function slow<T>(step: () => Promise<T>): Promise<T> {
    await pause()
    const value = await step()
    await pause()
    return value
  }
  return {
    read: (handle) => slow(() => records.read(handle)),
    write: (handle, record) => slow(() => records.write(handle, record)),
    slide: (handle, seenAt, ttlMs) => slow(() => records.slide(handle, seenAt, ttlMs)),
    end: (handle, ended) => slow(() => records.end(handle, ended)),
  }
}

/** How each instance's records are sabotaged, to see that the test would notice. */
export type Sabotage = (shelf: SessionShelf, prefix: string) => RecordStore

export interface Violations {
  resurrected: number
  lostUpdates: number
  acceptedAfterLogout: number
}

/** Two instances on one Redis, and the seeded mischief done to them. */
export async function openArena(sabotage: Sabotage = ({ records }) => records) {
  const config = redisConfig()
  const clock = createTestClock()
  let dice = createDice(0)
  const shelves: SessionShelf[] = []
  async function instance(): Promise<Sessions> {
    const options = { log: createTestLog(), onEvent: () => undefined }
    const shelf = await openRedisShelf(config, options)
    shelves.push(shelf)
    const records = slowed(sabotage(shelf, config.prefix), () => dice)
    return assembleSessions(
      {
        secrets: [secret],
        cookie: { name: 'session', secure: false, sameSite: 'strict' },
        idleTimeoutMs: day,
        absoluteTimeoutMs: 14 * day,
        signupTimeoutMs: 30 * minute,
        limit: 20,
        clock,
        log: createTestLog(),
      },
      { ...shelf, records },
    )
  }
  const instances = [await instance(), await instance()] as const
  return {
    /** One interleaving; what went wrong in it. */
    async run(seed: number): Promise<Violations> {
      dice = createDice(seed)
      clock.advance(2 * minute)
      return interleave(instances, dice)
    },
    close: () => Promise.all(instances.map((sessions) => sessions.close())),
  }
}

async function interleave(instances: readonly [Sessions, Sessions], dice: Dice): Promise<Violations> {
  const any = () => instances[dice(2)] as Sessions
  const signingUp = dice(4) === 0
  const first = await begin(any(), signingUp ? newcomer() : member())
  const violations = { resurrected: 0, lostUpdates: 0, acceptedAfterLogout: 0 }
  const acknowledged: number[] = []
  let ended = false
  let marks = 0

  /** From this moment no read, on this instance, may accept the ticket. */
  async function mustBeRefused(sessions: Sessions): Promise<void> {
    ended = true
    if (await sessions.reader.read(first.cookie)) violations.acceptedAfterLogout += 1
    if (await sessions.tickets.open(first.open.ticket)) violations.resurrected += 1
  }

  async function renew(sessions: Sessions): Promise<void> {
    marks += 1
    const mark = marks
    const written = await sessions.tickets.update(first.open, (session) => withMark(session, mark))
    if (written) acknowledged.push(mark)
  }

  const deeds: readonly ((sessions: Sessions) => Promise<unknown>)[] = [
    renew,
    renew,
    async (sessions) => sessions.reader.read(first.cookie),
    async (sessions) => {
      const open = await sessions.reader.read(first.cookie)
      if (open) sessions.reader.use(open)
    },
    // Logout.
    async (sessions) => {
      await end(sessions, first.cookie)
      await mustBeRefused(sessions)
    },
    // Re-login, or the end of sign-up: a new ticket, and the old one dies. Refused if it was signed out meanwhile.
    async (sessions) => {
      await begin(sessions, member(), first.cookie).catch((error: unknown) => {
        if (!(error instanceof Problem && error.code === 'session-required')) throw error
      })
      await mustBeRefused(sessions)
    },
  ]
  const count = 3 + dice(5)
  await Promise.all(Array.from({ length: count }, () => deeds[dice(deeds.length)]?.(any())))
  for (let turns = 0; turns < 3; turns += 1) await new Promise(setImmediate)

  const left = await any().tickets.open(first.open.ticket)
  if (ended && left) violations.resurrected += 1
  if (left) violations.lostUpdates += acknowledged.filter((mark) => !marksOf(left).includes(mark)).length
  return violations
}

function withMark(session: Session, mark: number): Session {
  return { ...session, grant: { accessToken: 't', scope: `${session.grant?.scope ?? ''} ${mark}` } }
}

function marksOf({ session }: OpenSession): number[] {
  return (session.grant?.scope ?? '').split(' ').map(Number)
}

export function total(all: readonly Violations[]): Violations {
  const sum = { resurrected: 0, lostUpdates: 0, acceptedAfterLogout: 0 }
  for (const one of all) {
    sum.resurrected += one.resurrected
    sum.lostUpdates += one.lostUpdates
    sum.acceptedAfterLogout += one.acceptedAfterLogout
  }
  return sum
}
