import { ProblemError } from 'coatcheck/browser'
import type { ReactNode } from 'react'
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
      {t.somethingWrong}{' '}
      {error instanceof ProblemError && error.requestId && <small>{t.requestId(error.requestId)}</small>}
    </Notice>
  )
}
