import { useSession } from 'coatcheck/react'
import { createContext, type ReactNode, useContext, useEffect } from 'react'
import { go, useLocation } from './router.tsx'
import { type Language, type Texts, texts } from './texts.ts'

const LanguageContext = createContext<Language>('en')

/** Korean or English: as chosen in the address, or as the browser prefers. Nothing is stored for it. */
export function LanguageProvider({ children }: { readonly children: ReactNode }) {
  const url = useLocation()
  const { session } = useSession()
  // The choice waits in the place that a login or a sign-up returns to.
  const returnTo = session.state === 'registering' ? session.returnTo : url.searchParams.get('returnTo')
  const language = chosen(url.search) ?? chosen(returnTo) ?? preferred()
  useEffect(() => {
    document.documentElement.lang = language
  }, [language])
  return <LanguageContext value={language}>{children}</LanguageContext>
}

export function useTexts(): Texts {
  return texts[useContext(LanguageContext)]
}

export function useDate(timeStyle: 'short' | 'medium' = 'short'): (iso: string) => string {
  const format = new Intl.DateTimeFormat(useContext(LanguageContext), {
    dateStyle: 'medium',
    timeStyle,
  })
  return (iso) => format.format(new Date(iso))
}

export function LanguageSwitch() {
  const language = useContext(LanguageContext)
  const url = useLocation()
  const other: Language = language === 'ko' ? 'en' : 'ko'
  function choose() {
    url.searchParams.set('lang', other)
    go(url.pathname + url.search + url.hash, { replace: true })
  }
  return (
    <button type="button" className="quiet" lang={other} onClick={choose}>
      {other === 'ko' ? '한국어' : 'English'}
    </button>
  )
}

function chosen(url: string | null): Language | undefined {
  const language = /[?&]lang=(ko|en)\b/.exec(url ?? '')?.[1]
  return language as Language | undefined
}

function preferred(): Language {
  return navigator.languages.find((one) => /^(ko|en)\b/.test(one))?.startsWith('ko') ? 'ko' : 'en'
}
