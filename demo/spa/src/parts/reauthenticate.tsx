import { ProblemError } from 'coatcheck/browser'
import { useSession } from 'coatcheck/react'
import { useTexts } from '../language.tsx'
import { Notice } from './notice.tsx'
import { useProviderName } from './providers.ts'

/** Where a sign-in that is too long ago is made anew; undefined: the error is about something else. */
export function reauthenticationUrl(error: Error | undefined): string | undefined {
  const asked = error instanceof ProblemError && error.code === 'reauthentication-required'
  return asked ? error.loginUrl : undefined
}

/** The way through where a sign-in is asked for that is not older than ten minutes; it comes back to this page. */
export function Reauthenticate({ loginUrl }: { readonly loginUrl: string }) {
  const t = useTexts()
  const name = useProviderName()
  const { session } = useSession()
  if (session.state !== 'member') return null
  const url = new URL(loginUrl, location.origin)
  url.searchParams.set('returnTo', location.pathname + location.search)
  return (
    <>
      <Notice>{t.reauthenticate}</Notice>
      <a className="button" href={url.href}>
        {t.reauthenticateDo(name(session.provider))}
      </a>
    </>
  )
}
