import type { Clock } from '../clock.ts'
import type { Log } from '../ops/log.ts'
import type { RecordStore } from './record-store.ts'
import type { EndReason } from './session.ts'
import type { SessionCopies } from './session-copies.ts'
import type { SessionEventListener } from './session-events.ts'
import type { SessionWatches } from './session-watches.ts'

export interface SessionEndOptions {
  readonly records: Pick<RecordStore, 'end'>
  readonly copies: Pick<SessionCopies, 'drop'>
  readonly watches: Pick<SessionWatches, 'ended'>
  readonly clock: Clock
  readonly log: Log
  readonly onEvent: SessionEventListener
}

/**
 * Ends the session of a handle. True: it was live. Its index entry is the caller's.
 * @throws Problem `session-store-unavailable`; it may have ended nevertheless
 */
export type EndSession = (handle: string, reason: EndReason) => Promise<boolean>

/** The one mechanism that ends sessions, whatever the cause: here at once, elsewhere by the store's notice. */
export function createSessionEnd(options: SessionEndOptions): EndSession {
  const { records, copies, watches, clock, log, onEvent } = options
  return async (handle, reason) => {
    let live = false
    try {
      live = await records.end(handle, { state: 'ended', reason, at: clock() })
    } finally {
      // Even without an answer: it may have ended.
      copies.drop(handle)
    }
    watches.ended(handle, reason)
    if (live) {
      log.info('session.ended', { handle, reason })
      onEvent('ended', { reason })
    }
    return live
  }
}
