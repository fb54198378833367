import { LRUCache } from 'lru-cache'
import type { Clock } from '../clock.ts'
import type { Log } from '../ops/log.ts'
import type { RecordStore, StoredRecord } from './record-store.ts'
import { tombstoneMs } from './record-store.ts'
import type { EndReason, OpenSession } from './session.ts'
import type { SessionEventListener } from './session-events.ts'
import type { SessionLimits } from './session-limits.ts'
import type { RecordSealer, SessionRecord } from './session-record.ts'

/** A live record, opened with its ticket. */
export interface OpenedRecord {
  readonly open: OpenSession
  readonly device: string
  readonly revision: number
  /** Sealed by an older secret. */
  readonly stale: boolean
  /** Length of the sealed record, a measure of what a copy costs. */
  readonly size: number
}

/** What a genuine ticket stands for. */
export type Looked = OpenedRecord | { readonly open: undefined; readonly reason: EndReason | undefined }

export interface RecordRoom {
  readonly records: RecordStore
  readonly sealer: RecordSealer
  readonly limits: SessionLimits
  readonly clock: Clock
  readonly log: Log
  readonly onEvent: SessionEventListener
}

/** Records by their tickets: opened, judged by our clock, written. Knows no request, no copy and no index. */
export interface TicketedRecords {
  /** Asks the store. `known`: what was opened before; the same revision is not opened again. */
  look(ticket: string, handle: string, known?: OpenedRecord): Promise<Looked>
  /** The live session among what was looked at, as the clock stands now. */
  alive(looked: Looked): OpenSession | undefined
  /** Why there is none. */
  reason(looked: Looked): EndReason | undefined
  /** How often the store was asked, since the start: a plain number, for whoever counts. */
  asked(): number
  /** `replaces: 0` creates. */
  write(
    ticket: string,
    handle: string,
    record: SessionRecord,
    at: { replaces: number; seenAt: number },
  ): Promise<'written' | 'conflict' | 'gone'>
}

const absent = { open: undefined, reason: undefined } as const

export function createTicketedRecords({
  records,
  sealer,
  limits,
  clock,
  log,
  onEvent,
}: RecordRoom): TicketedRecords {
  const reported = new LRUCache<string, true>({ max: 1_000 })
  let asked = 0

  function unreadable(handle: string): typeof absent {
    if (!reported.has(handle)) {
      log.warn('session.unreadable', { handle })
      onEvent('record-unreadable')
    }
    reported.set(handle, true)
    return absent
  }

  function opened(stored: StoredRecord, ticket: string, handle: string): Looked {
    if (stored.state === 'ended') {
      return clock() - stored.at < tombstoneMs ? { open: undefined, reason: stored.reason } : absent
    }
    const content = stored.state === 'live' ? sealer.open(stored.sealed, ticket) : undefined
    if (stored.state !== 'live' || !content) return unreadable(handle)
    const { createdAt, device, session } = content.record
    return {
      open: { ticket, handle, createdAt, seenAt: stored.seenAt, session },
      device,
      revision: stored.revision,
      stale: content.stale,
      size: stored.sealed.length,
    }
  }

  return {
    async look(ticket, handle, known) {
      asked += 1
      const stored = await records.read(handle)
      if (!stored) return absent
      if (stored.state === 'live' && known?.revision === stored.revision) {
        return { ...known, open: { ...known.open, seenAt: stored.seenAt } }
      }
      return opened(stored, ticket, handle)
    },
    alive: ({ open }) => (open && limits.endsAt(open) > clock() ? open : undefined),
    reason(looked) {
      if (!looked.open) return looked.reason
      const endedFor = clock() - limits.endsAt(looked.open)
      return endedFor >= 0 && endedFor < tombstoneMs ? 'expired' : undefined
    },
    asked: () => asked,
    async write(ticket, handle, record, { replaces, seenAt }) {
      const { createdAt, session } = record
      // The key outlives the session by a day, in which it can still say that it expired.
      const ttlMs = limits.endsAt({ createdAt, seenAt, session }) - clock() + tombstoneMs
      const outcome = await records.write(handle, {
        replaces,
        seenAt,
        sealed: sealer.seal(record, ticket),
        ttlMs: Math.max(1, Math.ceil(ttlMs)),
      })
      if (outcome === 'conflict') onEvent('conflict')
      else if (outcome === 'gone') onEvent('write-refused')
      return outcome
    },
  }
}
