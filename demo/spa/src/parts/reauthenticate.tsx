import { useSession } from 'coatcheck/react'
import { useTexts } from '../language.tsx'
import { Notice } from './notice.tsx'
import { useProviderName } from './providers.ts'

/** The way through where a sign-in is asked for that is not older than ten minutes. */
export function Reauthenticate() {
  const t = useTexts()
  const name = useProviderName()
  const { session, signIn } = useSession()
  if (session.state !== 'member') return null
  return (
    <>
      <Notice>{t.reauthenticate}</Notice>
      <button type="button" onClick={() => signIn(session.provider)}>
        {t.reauthenticateDo(name(session.provider))}
      </button>
    </>
  )
}
