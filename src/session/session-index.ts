import type { Clock } from '../clock.ts'
import { createSealer } from '../crypto/seal.ts'
import { createEndNotes } from './end-notes.ts'
import { type EndStore, endsKeptMs } from './end-store.ts'
import { createEntryNames, type EntryKey, keysOf } from './entry-names.ts'
import type { EntryStore } from './entry-store.ts'
import { type RecordStore, tombstoneMs } from './record-store.ts'
import type { EndReason, OpenSession } from './session.ts'
import type { SessionLimits } from './session-limits.ts'
import type { SessionEntry, SessionIndex, SessionSelector } from './sessions.ts'

export interface SessionIndexOptions {
  readonly secrets: readonly string[]
  readonly entries: EntryStore
  readonly ends: EndStore
  readonly records: Pick<RecordStore, 'read'>
  readonly limits: SessionLimits
  readonly clock: Clock
  /** Live sessions per user. */
  readonly limit: number
  /** Ends a session by its handle. True: it was live. */
  end(handle: string, reason: EndReason): Promise<boolean>
}

/** The index as the room itself keeps it: what is reachable without a ticket. */
export interface SessionBook extends SessionIndex {
  /** Before the record is written: a crash in between leaves an entry without a record, never a session that nobody can end. */
  add(entry: SessionEntry): Promise<void>
  /** Removes the entry of a session that has ended, and notes the end. */
  close(entry: SessionEntry, reason: EndReason): Promise<void>
  /** Ends the user's oldest sessions by sign-in beyond the limit. */
  keepToLimit(userId: string): Promise<void>
}

/** As it is kept: `sequence` orders what one instance began within the same millisecond. */
interface KeptEntry extends SessionEntry {
  readonly sequence: number
}

/** An entry younger than this may be waiting for its record. */
const beingBegunMs = 60_000

/** What is said of a session without its ticket. */
export function entryOf(
  { handle, createdAt, seenAt, session }: Omit<OpenSession, 'ticket'>,
  device: string,
): SessionEntry {
  const { provider, subject, sid } = session.identity
  const userId = session.state === 'member' ? session.user.id : ''
  return {
    handle,
    userId,
    provider,
    subject,
    ...(sid !== undefined && { sid }),
    device,
    createdAt,
    lastSeenAt: seenAt,
  }
}

export function createSessionBook(options: SessionIndexOptions): SessionBook {
  const { entries, records, limits, clock, limit } = options
  const sealer = createSealer(options.secrets, 'index')
  const names = createEntryNames(options.secrets)
  const notes = createEndNotes({ ...options, names })
  let sequence = 0

  async function find(key: EntryKey): Promise<KeptEntry[]> {
    const found = await Promise.all(names.all(key).map((name) => entries.all(name)))
    const byHandle = new Map(
      found
        .flatMap((sealed) => Object.entries(sealed))
        .flatMap(([handle, value]) => {
          const opened = sealer.open(value, handle)
          return opened ? [[handle, JSON.parse(opened.plaintext) as KeptEntry] as const] : []
        }),
    )
    return [...byHandle.values()]
  }

  async function remove(entry: SessionEntry): Promise<void> {
    const all = keysOf(entry).flatMap((key) => names.all(key))
    await Promise.all(all.map((name) => entries.remove(name, entry.handle)))
  }

  async function close(entry: SessionEntry, reason: EndReason, endedAt = clock()): Promise<void> {
    await Promise.all([remove(entry), notes.add(entry, { reason, endedAt })])
  }

  /** The entry with its last use, if its session lives; one whose session is gone is removed: the index heals as it is read. */
  async function refresh(entry: KeptEntry): Promise<KeptEntry | undefined> {
    const record = await records.read(entry.handle)
    if (record?.state === 'live') {
      const seen = { ...entry, lastSeenAt: record.seenAt }
      const endsAt = limits.endsAt(agedOf(seen))
      if (endsAt > clock()) return seen
      // Ended, not merely dropped: a use that is being written down must not leave a live session without an entry.
      await endAll([seen], 'expired', endsAt)
    } else if (record) await remove(entry)
    else await bury(entry)
    return undefined
  }

  /** An entry whose record is gone: its session expired more than a day ago, or never began. */
  async function bury(entry: KeptEntry): Promise<void> {
    const sweptAt = clock() - tombstoneMs
    if (limits.endsAt(agedOf(entry)) <= sweptAt) {
      await close(entry, 'expired', Math.min(limits.absoluteEndsAt(agedOf(entry)), sweptAt))
    } else if (clock() - entry.createdAt > beingBegunMs) await remove(entry)
  }

  /** Those whose session lives, the newest sign-in first. */
  async function living(userId: string): Promise<KeptEntry[]> {
    const refreshed = await Promise.all((await find({ userId })).map(refresh))
    return refreshed
      .filter((entry) => entry !== undefined)
      .sort((a, b) => b.createdAt - a.createdAt || b.sequence - a.sequence)
  }

  async function endAll(
    ended: readonly SessionEntry[],
    reason: EndReason,
    endedAt = clock(),
  ): Promise<number> {
    const lived = await Promise.all(
      ended.map(async (entry) => {
        const live = await options.end(entry.handle, reason)
        await (live ? close(entry, reason, endedAt) : remove(entry))
        return live
      }),
    )
    return lived.filter(Boolean).length
  }

  return {
    async add(entry) {
      sequence += 1
      const sealed = sealer.seal(JSON.stringify({ ...entry, sequence }), entry.handle)
      const livesMs = limits.absoluteEndsAt(agedOf(entry)) - clock()
      const add = (key: EntryKey) => {
        // A user's is kept for whoever asks why they were signed out, an expired session says so itself for a day.
        const ttlMs = livesMs + ('userId' in key ? endsKeptMs : tombstoneMs)
        return entries.add(names.newest(key), entry.handle, { sealed, ttlMs })
      }
      await Promise.all(keysOf(entry).map(add))
    },
    close,
    async list(userId) {
      return (await living(userId)).map(({ sequence: _kept, ...entry }) => entry)
    },
    async end(selector, reason) {
      const found = await find(selector)
      return endAll(
        found.filter((entry) => selects(selector, entry)),
        reason,
      )
    },
    async ended(userId) {
      // What has expired and was looked at by nobody is noted now.
      await living(userId)
      return notes.of(userId)
    },
    async keepToLimit(userId) {
      if ((await find({ userId })).length <= limit) return
      await endAll((await living(userId)).slice(limit), 'session-limit')
    },
  }
}

function agedOf({ userId, createdAt, lastSeenAt }: SessionEntry) {
  const state = userId === '' ? ('registering' as const) : ('member' as const)
  return { createdAt, seenAt: lastSeenAt, session: { state } }
}

function selects(selector: SessionSelector, { handle, provider, sid }: SessionEntry): boolean {
  if ('handle' in selector) return handle === selector.handle
  if ('userId' in selector) return handle !== selector.except && (selector.provider ?? provider) === provider
  return !('withoutSid' in selector && selector.withoutSid) || sid === undefined
}
