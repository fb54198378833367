import type { EndReason } from './session.ts'

/** What stands under a handle: a live record, sealed, or for a day the fact that it has ended. */
export type StoredRecord = LiveRecord | EndedRecord | { readonly state: 'damaged' }

export interface LiveRecord {
  readonly state: 'live'
  /** 1 for a new session, one more with each write. The same revision of a handle is the same content. */
  readonly revision: number
  /** Last use, ms. Beside the seal, so that sliding needs no key. */
  readonly seenAt: number
  readonly sealed: string
}

export interface EndedRecord {
  readonly state: 'ended'
  readonly reason: EndReason
  /** ms. */
  readonly at: number
}

/** How long a handle remembers that its session has ended. */
export const tombstoneMs = 24 * 60 * 60 * 1000

/**
 * Where records are, by handle. Each method is one atomic step on one key, so that a slow request can neither bring back
 * an ended session nor overwrite a newer one, and so that Redis Cluster works.
 * @throws Problem `session-store-unavailable`: a read has no answer; whether a write happened is not known
 */
export interface RecordStore {
  read(handle: string): Promise<StoredRecord | undefined>
  /** Compare and set: creates with `replaces: 0` only where nothing is, else replaces that very revision. */
  write(handle: string, record: NewRecord): Promise<'written' | 'conflict' | 'gone'>
  /** Moves `seenAt` forward, never back, of a live record. */
  slide(handle: string, seenAt: number, ttlMs: number): Promise<void>
  /** Leaves only `ended` for a day, whatever was there. The reason of an earlier end stays. True: the record was live. */
  end(handle: string, ended: EndedRecord): Promise<boolean>
}

export interface NewRecord {
  readonly replaces: number
  readonly seenAt: number
  readonly sealed: string
  readonly ttlMs: number
}

/** What keeps copies of records true. */
export interface RecordNotices {
  /** How old a copy may be, ms; 0: copies are void, ask the store. */
  believableMs(): number
  /** The longest that a change can have gone unheard while copies were believed, since this was last asked, ms. */
  unheardMs(): number
  listen(listener: {
    /** The record may have changed, in any way. */
    changed(handle: string): void
    /** Notices may have been missed: every copy is void. */
    lost(): void
  }): void
}

/** The stored value: `revision:seenAt:sealed`, or `ended:reason:at`. */
export function parseRecord(value: string): StoredRecord {
  const live = /^([1-9]\d*):(\d+):(?=.)/.exec(value)
  if (live)
    return {
      state: 'live',
      revision: Number(live[1]),
      seenAt: Number(live[2]),
      sealed: value.slice(live[0].length),
    }
  const ended = /^ended:([a-z-]+):(\d+)$/.exec(value)
  return ended
    ? { state: 'ended', reason: ended[1] as EndReason, at: Number(ended[2]) }
    : { state: 'damaged' }
}

export function formatRecord(record: LiveRecord | EndedRecord): string {
  return record.state === 'ended'
    ? `ended:${record.reason}:${record.at}`
    : `${record.revision}:${record.seenAt}:${record.sealed}`
}
