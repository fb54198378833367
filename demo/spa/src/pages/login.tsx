import { useSession } from 'coatcheck/react'
import { useEffect } from 'react'
import { useTexts } from '../language.tsx'
import { Notice } from '../parts/notice.tsx'
import { ProviderButton } from '../parts/provider-button.tsx'
import { useProviders } from '../parts/providers.ts'
import { WayOut } from '../parts/way-out.tsx'
import { go, localPath, useLocation } from '../router.tsx'

/** Who shall vouch for you? And, if the last attempt failed, why. */
export function Login() {
  const t = useTexts()
  const providers = useProviders()
  const { session, signIn } = useSession()
  const { searchParams } = useLocation()
  const returnTo = localPath(searchParams.get('returnTo'))
  const error = searchParams.get('error')
  const reason = session.state === 'anonymous' ? session.reason : undefined

  useEffect(() => {
    // Also after a failed attempt: a session that is alive makes it unimportant.
    if (session.state === 'member') go(returnTo, { replace: true })
  }, [session.state, returnTo])

  return (
    <section className="card narrow">
      <h1>{t.loginTitle}</h1>
      {error && <Notice>{t.errors[error] ?? t.somethingWrong}</Notice>}
      {!error && reason && t.reasons[reason] && <Notice>{t.reasons[reason]}</Notice>}
      <p className="lead">{t.loginLead}</p>
      {providers.some(({ id }) => id === 'google') && <WayOut />}
      <div className="providers">
        {providers.map(({ id, name }) => (
          <ProviderButton
            key={id}
            id={id}
            label={t.loginWith(name)}
            onClick={() => signIn(id, { returnTo: withLanguage(returnTo, searchParams) })}
          />
        ))}
      </div>
    </section>
  )
}

/** The language that was chosen here is meant for the place after, too. */
function withLanguage(path: string, searchParams: URLSearchParams): string {
  const language = searchParams.get('lang')
  if (!language) return path
  const url = new URL(path, location.origin)
  url.searchParams.set('lang', language)
  return url.pathname + url.search + url.hash
}
