import { useSession } from 'coatcheck/react'
import { type ReactNode, useEffect, useRef } from 'react'
import { useTexts } from './language.tsx'
import { Account } from './pages/account.tsx'
import { Home } from './pages/home.tsx'
import { Landing } from './pages/landing.tsx'
import { Login } from './pages/login.tsx'
import { NotesPage } from './pages/notes-page.tsx'
import { Signup } from './pages/signup.tsx'
import { Header } from './parts/header.tsx'
import { Notice, Offline } from './parts/notice.tsx'
import type { Profile } from './profile.ts'
import { go, Link, useLocation } from './router.tsx'

export function App() {
  const main = useAnnouncedPage()
  return (
    <>
      <Header />
      <main ref={main} tabIndex={-1}>
        <Offline />
        <Page />
      </main>
    </>
  )
}

/** A page of the app is a page to a screen reader, too: it has a title, and going there moves the focus to its start. */
function useAnnouncedPage() {
  const t = useTexts()
  const { pathname, hash } = useLocation()
  const main = useRef<HTMLElement>(null)
  const shown = useRef(pathname)
  const titles: Readonly<Record<string, string>> = {
    '/login': t.loginTitle,
    '/signup': t.signupTitle,
    '/notes': t.notes,
    '/account': t.account,
  }
  const title = titles[pathname]
  useEffect(() => {
    document.title = title ? `${title} · Coatcheck` : 'Coatcheck'
  }, [title])
  useEffect(() => {
    // A fragment says better where to begin.
    if (shown.current !== pathname && hash === '') main.current?.focus({ preventScroll: true })
    shown.current = pathname
  }, [pathname, hash])
  return main
}

/** What an address shows depends on who asks: the session's state is a discriminated union, so no case is forgotten. */
function Page(): ReactNode {
  const t = useTexts()
  const { pathname, search, hash } = useLocation()
  const { session } = useSession<Profile>()
  const pages = ['/', '/login', '/signup', '/notes', '/account']
  if (!pages.includes(pathname)) return <NotFound />

  switch (session.state) {
    case 'loading':
      return <p className="empty">{t.loading}</p>
    case 'unavailable':
      return <Notice>{t.unavailable}</Notice>
    case 'registering':
      return pathname === '/signup' ? <Signup /> : pathname === '/login' ? <Login /> : <GoTo path="/signup" />
    case 'anonymous':
      if (pathname === '/') return <Landing />
      if (pathname === '/login') return <Login />
      return <GoTo path={`/login?${new URLSearchParams({ returnTo: pathname + search + hash })}`} />
    case 'member':
      if (pathname === '/login') return <Login />
      if (pathname === '/notes') return <NotesPage />
      return pathname === '/account' ? <Account session={session} /> : <Home session={session} />
  }
}

function GoTo({ path }: { readonly path: string }) {
  useEffect(() => go(path, { replace: true }), [path])
  return null
}

function NotFound() {
  const t = useTexts()
  return (
    <section className="card narrow">
      <h1>404</h1>
      <p className="lead">{t.notFound}</p>
      <Link href="/" className="button">
        {t.backHome}
      </Link>
    </section>
  )
}
