import { useSession } from 'coatcheck/react'
import { useTexts } from '../language.tsx'
import { Character, characterNames } from '../parts/character.tsx'
import { Holdings } from '../parts/holdings.tsx'
import { Notice } from '../parts/notice.tsx'
import { Link } from '../router.tsx'

/** For whoever is not signed in. */
export function Landing() {
  const t = useTexts()
  const { session } = useSession()
  const reason = session.state === 'anonymous' && session.reason ? t.reasons[session.reason] : undefined
  return (
    <>
      {reason && <Notice>{reason}</Notice>}
      <section className="hero">
        <div>
          <h1>{t.pitchTitle}</h1>
          <p>{t.pitch}</p>
          <p>{t.pitchTry}</p>
          <Link href="/login" className="button primary">
            {t.signIn}
          </Link>
        </div>
        <div className="guests">
          {characterNames.map((name) => (
            <Character key={name} name={name} />
          ))}
        </div>
      </section>
      <Holdings />
    </>
  )
}
