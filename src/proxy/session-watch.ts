import type { IncomingMessage } from 'node:http'
import type { OpenSession } from '../session/session.ts'
import type { SessionReader } from '../session/sessions.ts'

/**
 * Calls `onEnd` when the session ends, also if it did between the gate and now: a stream may begin long after its request.
 * Returns how to stop watching.
 */
export function watchSession(
  reader: SessionReader,
  open: OpenSession,
  req: IncomingMessage,
  onEnd: () => void,
): () => void {
  const unwatch = reader.watch(open, onEnd)
  const again = (found: OpenSession | undefined) => {
    if (!found) onEnd()
  }
  // A store that cannot tell ends nothing: the reader looks again by itself.
  const unknown = () => undefined
  try {
    const found = reader.read(req.headers.cookie)
    if (found instanceof Promise) found.then(again, unknown)
    else again(found)
  } catch {
    unknown()
  }
  return unwatch
}
