import { performance } from 'node:perf_hooks'
import { LRUCache } from 'lru-cache'
import type { RecordNotices } from './record-store.ts'
import type { SessionFigures } from './sessions.ts'
import type { Looked, TicketedRecords } from './ticketed-records.ts'

export interface SessionCopiesOptions {
  readonly tickets: Pick<TicketedRecords, 'look'>
  readonly notices: RecordNotices
  /** Monotonic ms, for the age of copies. */
  readonly elapsed?: () => number
  readonly maxEntries?: number
  readonly maxBytes?: number
}

/**
 * Opened sessions in memory, true as long as the store has not said otherwise.
 * A read is registered before it is sent; if a notice for its handle (or the loss of notices) comes before its answer,
 * the answer is given out but not kept: it may be older than the notice.
 */
export interface SessionCopies {
  /** A copy that may be believed. */
  get(handle: string): Looked | undefined
  /** From the store; many at once for one handle are one read. */
  look(ticket: string, handle: string): Promise<Looked>
  /** What this very process has changed need not wait for its notice. */
  drop(handle: string): void
  onChange(listener: { changed(handle: string): void; lost(): void }): void
  readonly figures: Pick<SessionFigures, 'copies' | 'stalestMs'>
}

interface Copy {
  readonly looked: Looked
  readonly readAt: number
}

interface Reading {
  readonly answer: Promise<Looked>
  void: boolean
}

/** Of an opened session beside its sealed length: objects, strings, the map's entry. */
const overheadBytes = 1_000

export function createSessionCopies({
  tickets,
  notices,
  elapsed = () => performance.now(),
  maxEntries = 50_000,
  maxBytes = 128 * 1024 * 1024,
}: SessionCopiesOptions): SessionCopies {
  const copies = new LRUCache<string, Copy>({
    max: maxEntries,
    maxSize: maxBytes,
    // Twice: the parsed content and the strings in it take more room than its sealed form.
    sizeCalculation: ({ looked }) => overheadBytes + (looked.open ? looked.size * 2 : 0),
    onInsert: (copy) => count(copy, 1),
    dispose: (copy) => count(copy, -1),
  })
  const held = { registering: 0, member: 0 }
  function count({ looked }: Copy, change: 1 | -1): void {
    if (looked.open) held[looked.open.session.state] += change
  }
  const readings = new Map<string, Reading>()
  const listeners: Parameters<SessionCopies['onChange']>[0][] = []
  let oldestMs = 0

  function drop(handle: string): void {
    copies.delete(handle)
    const reading = readings.get(handle)
    if (!reading) return
    reading.void = true
    // Whoever asks from now on must not join it.
    readings.delete(handle)
  }

  notices.listen({
    changed(handle) {
      drop(handle)
      for (const listener of listeners) listener.changed(handle)
    },
    lost() {
      copies.clear()
      for (const reading of readings.values()) reading.void = true
      readings.clear()
      for (const listener of listeners) listener.lost()
    },
  })

  async function read(ticket: string, handle: string): Promise<Looked> {
    const known = copies.peek(handle)?.looked
    const readAt = elapsed()
    const answer = tickets.look(ticket, handle, known?.open ? known : undefined)
    const reading: Reading = { answer, void: false }
    readings.set(handle, reading)
    try {
      const looked = await answer
      if (!reading.void) copies.set(handle, { looked, readAt })
      return looked
    } finally {
      if (readings.get(handle) === reading) readings.delete(handle)
    }
  }

  return {
    get(handle) {
      const copy = copies.get(handle)
      if (!copy) return undefined
      const ageMs = elapsed() - copy.readAt
      if (ageMs >= notices.believableMs()) return undefined
      if (ageMs > oldestMs) oldestMs = ageMs
      return copy.looked
    },
    look: (ticket, handle) => readings.get(handle)?.answer ?? read(ticket, handle),
    drop,
    onChange: (listener) => void listeners.push(listener),
    figures: {
      copies: () => ({ ...held }),
      stalestMs() {
        // An old copy is as good as a new one while notices come: it is stale only for as long as none could be heard.
        const stalestMs = Math.min(oldestMs, notices.unheardMs())
        oldestMs = 0
        return stalestMs
      },
    },
  }
}
