import { useSession } from 'coatcheck/react'
import { LanguageSwitch, useTexts } from '../language.tsx'
import { go, Link } from '../router.tsx'

export function Header() {
  const t = useTexts()
  const { session, signOut } = useSession()
  async function leave() {
    go(await signOut())
  }
  return (
    <header className="top">
      <Link href="/" className="brand">
        <svg viewBox="0 0 32 32" aria-hidden="true" focusable="false">
          <path d="M16 12.5c0-2 2.6-2 2.6-4a2.6 2.6 0 0 0-5.2 0M16 12.5 5.5 20.2c-1.2.9-.6 2.8.9 2.8h19.2c1.5 0 2.1-1.9.9-2.8z" />
        </svg>
        <span>Coatcheck</span>
      </Link>
      <nav>
        {session.state === 'member' && (
          <>
            <Link href="/notes">{t.notes}</Link>
            <Link href="/account">{t.account}</Link>
          </>
        )}
        <LanguageSwitch />
        {session.state === 'member' && (
          <button type="button" className="quiet" onClick={leave}>
            {t.signOut}
          </button>
        )}
        {session.state === 'anonymous' && <Link href="/login">{t.signIn}</Link>}
      </nav>
    </header>
  )
}
