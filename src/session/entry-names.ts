import { createHmac } from 'node:crypto'
import type { SessionEntry } from './sessions.ts'

/** What entries are found by. */
export type EntryKey =
  | { readonly userId: string }
  | { readonly provider: string; readonly subject: string }
  | { readonly provider: string; readonly sid: string }

/** Names in the store that tell nobody whose they are. Newest secret first; older ones are looked under as well. */
export interface EntryNames {
  all(key: EntryKey): readonly string[]
  newest(key: EntryKey): string
}

/** HMAC-SHA-256 under SESSION_SECRET: without it, a dump of the store cannot be searched for a known user or subject. */
export function createEntryNames(secrets: readonly string[]): EntryNames {
  const name = (secret: string, key: EntryKey) =>
    createHmac('sha256', secret)
      .update(`coatcheck index ${JSON.stringify(parts(key))}`)
      .digest('base64url')
  return {
    all: (key) => secrets.map((secret) => name(secret, key)),
    newest: (key) => name(secrets[0] as string, key),
  }
}

function parts(key: EntryKey): readonly string[] {
  if ('userId' in key) return ['user', key.userId]
  return 'sid' in key ? ['sid', key.provider, key.sid] : ['subject', key.provider, key.subject]
}

/** Everything an entry is to be found by. A registering session belongs to no user yet. */
export function keysOf({ userId, provider, subject, sid }: SessionEntry): readonly EntryKey[] {
  return [
    ...(userId === '' ? [] : [{ userId }]),
    { provider, subject },
    ...(sid === undefined ? [] : [{ provider, sid }]),
  ]
}
