import { createSealer } from '../crypto/seal.ts'
import type { Session } from './session.ts'

/** What only the ticket's bearer can open. */
export interface SessionRecord {
  /** ms. */
  readonly createdAt: number
  /** "Chrome on Windows", for the list of sessions. */
  readonly device: string
  readonly session: Session
}

/** Seals records under HKDF(secret, ticket): neither a dump of the store nor the secret alone opens one. */
export interface RecordSealer {
  seal(record: SessionRecord, ticket: string): string
  /** `stale`: an older secret had sealed it. undefined: another secret, another ticket, or damaged. */
  open(
    sealed: string,
    ticket: string,
  ): { readonly record: SessionRecord; readonly stale: boolean } | undefined
}

/** Written into each record, so that a later format is recognised and an unknown one is no session. */
const format = 1

export function createRecordSealer(secrets: readonly string[]): RecordSealer {
  const sealer = createSealer(secrets, 'session')
  return {
    seal: (record, ticket) => sealer.seal(JSON.stringify({ format, ...record }), ticket),
    open(sealed, ticket) {
      const opened = sealer.open(sealed, ticket)
      if (!opened) return undefined
      // What the seal proves to be ours is well-formed JSON.
      const { format: found, ...record } = JSON.parse(opened.plaintext) as SessionRecord & { format: number }
      return found === format ? { record, stale: opened.stale } : undefined
    },
  }
}
