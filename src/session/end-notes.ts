import type { Clock } from '../clock.ts'
import { createSealer } from '../crypto/seal.ts'
import { type EndStore, endsKeptMs } from './end-store.ts'
import type { EntryNames } from './entry-names.ts'
import type { EndReason } from './session.ts'
import type { EndedEntry, SessionEntry } from './sessions.ts'

export interface EndNotesOptions {
  readonly secrets: readonly string[]
  readonly names: EntryNames
  readonly ends: EndStore
  readonly clock: Clock
}

/** Support's memory: when and why a user's latest sessions ended. */
export interface EndNotes {
  /** A session that was replaced by a newer one signed nobody out, and one without a user has nobody to ask: not noted. */
  add(entry: SessionEntry, how: { readonly reason: EndReason; readonly endedAt: number }): Promise<void>
  /** The latest end first. */
  of(userId: string): Promise<readonly EndedEntry[]>
}

/** What is sealed: no names, for there may be twenty for each user. Neither the user nor the provider's subject is in it. */
type Note = readonly [
  handle: string,
  provider: string,
  device: string,
  createdAt: number,
  lastSeenAt: number,
  endedAt: number,
  reason: EndReason,
]

const latestFirst = (a: EndedEntry, b: EndedEntry) => b.endedAt - a.endedAt

export function createEndNotes({ secrets, names, ends, clock }: EndNotesOptions): EndNotes {
  const sealer = createSealer(secrets, 'ended')

  function opened(sealed: string, userId: string): EndedEntry | undefined {
    const found = sealer.open(sealed, userId)
    if (!found) return undefined
    const note = JSON.parse(found.plaintext) as Note
    const [handle, provider, device, createdAt, lastSeenAt, endedAt, reason] = note
    return { handle, provider, device, createdAt, lastSeenAt, endedAt, reason }
  }

  return {
    async add({ userId, handle, provider, device, createdAt, lastSeenAt }, { reason, endedAt }) {
      if (userId === '' || reason === 'replaced') return
      const note: Note = [handle, provider, device, createdAt, lastSeenAt, endedAt, reason]
      const sealed = sealer.seal(JSON.stringify(note), userId)
      await ends.note(names.newest({ userId }), { sealed, endedAt }, clock())
    },
    async of(userId) {
      const found = await Promise.all(names.all({ userId }).map((name) => ends.all(name)))
      const entries = found
        .flat()
        .map((sealed) => opened(sealed, userId))
        .filter((entry) => entry !== undefined)
        .filter(({ endedAt }) => clock() - endedAt < endsKeptMs)
        .sort(latestFirst)
      // Where two ended a session at once, the first one counts.
      const byHandle = new Map(entries.map((entry) => [entry.handle, entry]))
      return [...byHandle.values()].sort(latestFirst)
    },
  }
}
