import { ProblemError } from 'coatcheck/browser'
import { type ReactNode, useSyncExternalStore } from 'react'
import { useTexts } from '../language.tsx'

/** Something the person should know; read out when it appears. */
export function Notice({
  children,
  kind = 'warning',
}: {
  readonly children: ReactNode
  readonly kind?: 'warning' | 'good'
}) {
  return (
    <p className={`notice notice-${kind}`} role={kind === 'warning' ? 'alert' : 'status'}>
      {children}
    </p>
  )
}

/** For errors that the page has no better words for; support can find the reference in the log. */
export function Failure({ error }: { readonly error: Error }) {
  const t = useTexts()
  return (
    <Notice>
      {isOfNetwork(error) ? t.unreachable : t.somethingWrong}{' '}
      {error instanceof ProblemError && error.requestId && <small>{t.requestId(error.requestId)}</small>}
    </Notice>
  )
}

/** What `fetch` rejects with when no answer came at all. */
export function isOfNetwork(error: Error): boolean {
  return error instanceof TypeError
}

/** While the browser has no connection; the session store looks again by itself afterwards. */
export function Offline() {
  const t = useTexts()
  const online = useSyncExternalStore(subscribe, () => navigator.onLine)
  return online ? null : <Notice>{t.offline}</Notice>
}

function subscribe(listener: () => void): () => void {
  for (const event of ['online', 'offline']) window.addEventListener(event, listener)
  return () => {
    for (const event of ['online', 'offline']) window.removeEventListener(event, listener)
  }
}
