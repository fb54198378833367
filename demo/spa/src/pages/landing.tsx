import { useTexts } from '../language.tsx'
import { Holdings } from '../parts/holdings.tsx'
import { Link } from '../router.tsx'

/** For whoever is not signed in. */
export function Landing() {
  const t = useTexts()
  return (
    <>
      <section className="hero">
        <h1>{t.pitchTitle}</h1>
        <p>{t.pitch}</p>
        <p>{t.pitchTry}</p>
        <Link href="/login" className="button primary">
          {t.signIn}
        </Link>
      </section>
      <Holdings />
    </>
  )
}
