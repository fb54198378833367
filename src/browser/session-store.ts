import type { Session } from './session.ts'

/** What the app knows of its session. `get` and `subscribe` fit React's useSyncExternalStore as they are. */
export interface SessionStore<Profile> {
  get(): Session<Profile>
  /** Runs `listener` after every change, in whichever tab it began; returns how to stop. */
  subscribe(listener: (session: Session<Profile>) => void): () => void
  /**
   * Asks the server, without counting as use; many callers share one look. Rejects when the server cannot tell:
   * what was known stays known.
   */
  refresh(): Promise<Session<Profile>>
  /** Looks again when the server ends this WebSocket (close code 4401) or event stream. */
  follow(connection: WebSocket | EventSource): void
}

export interface OwnedSessionStore<Profile> extends SessionStore<Profile> {
  /** What an action of ours brought about; a look that is under way no longer counts. */
  set(session: Session<Profile>): void
  /** How many looks have been answered. */
  looks(): number
}

const retryMs = 5_000
/** A clock that runs ahead must not make us ask all the time. */
const minimumWaitMs = 30_000
const longestTimerMs = 2 ** 31 - 1

/** Keeps one session for all of the page: looks when it may have changed, and tells the other tabs (BroadcastChannel). */
export function createSessionStore<Profile>(
  load: () => Promise<Session<Profile>>,
  channelName: string,
): OwnedSessionStore<Profile> {
  let session: Session<Profile> = { state: 'loading' }
  let look: Promise<Session<Profile>> | undefined
  let version = 0
  let looks = 0
  let lookedAt = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  const listeners = new Set<(session: Session<Profile>) => void>()
  const page = globalThis.document
  const tabs = page && 'BroadcastChannel' in globalThis ? new BroadcastChannel(channelName) : undefined

  function set(next: Session<Profile>): void {
    version++
    look = undefined
    const changed = JSON.stringify(next) !== JSON.stringify(session)
    const renamed = name(next) !== name(session)
    session = next
    schedule()
    if (!changed) return
    if (renamed && next.state !== 'unavailable') tabs?.postMessage(name(next))
    for (const listener of [...listeners]) listener(next)
  }

  async function ask(): Promise<Session<Profile>> {
    const started = version
    const isCurrent = () => started === version
    try {
      const loaded = await load()
      if (isCurrent()) set(loaded)
      return session
    } catch (error) {
      // What was known stays known: a server that cannot tell has not said that the session is over.
      if (isCurrent()) set(session.state === 'loading' ? { state: 'unavailable' } : session)
      throw error
    } finally {
      looks++
      lookedAt = Date.now()
    }
  }

  function refresh(): Promise<Session<Profile>> {
    look ??= ask()
    return look
  }

  /** Looks again in the background; a failure is no news. */
  function lookAgain(): void {
    refresh().catch(() => {})
  }

  function schedule(): void {
    clearTimeout(timer)
    if (!page) return
    if (session.state === 'unavailable') timer = setTimeout(lookAgain, retryMs)
    if (!('expiresAt' in session)) return
    const leftMs = Date.parse(session.expiresAt) - Date.now() + 1_000
    timer = setTimeout(lookAgain, Math.min(Math.max(leftMs, minimumWaitMs), longestTimerMs))
  }

  tabs?.addEventListener('message', ({ data }) => data !== name(session) && lookAgain())
  // Timers stop while a laptop sleeps or a page waits in the back/forward cache.
  page?.addEventListener('visibilitychange', () => {
    if (!page.hidden && Date.now() - lookedAt > retryMs) lookAgain()
  })
  globalThis.addEventListener?.('pageshow', (event) => event.persisted && lookAgain())
  globalThis.addEventListener?.('online', lookAgain)

  return {
    get: () => session,
    set,
    looks: () => looks,
    refresh,
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    follow(connection) {
      const target: EventTarget = connection
      target.addEventListener('close', (event) => (event as CloseEvent).code === 4401 && lookAgain())
      // An event stream has no close code: any break may be the end of the session.
      if (!('send' in connection)) target.addEventListener('error', lookAgain)
    },
  }
}

/** What makes it another session for the other tabs. */
function name(session: Session<unknown>): string {
  return session.state === 'member' ? session.sessionId : session.state
}
