/** What the room reports to whoever counts. Labels are few and low in variety: never a handle, a user or a reason of theirs. */
export type SessionEventListener = (
  event: 'begun' | 'ended' | 'conflict' | 'write-refused' | 'record-unreadable' | 'cookie-refused',
  labels?: Readonly<Record<string, string>>,
) => void
