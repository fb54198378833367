import type { Member } from 'coatcheck/browser'
import { useDate, useTexts } from '../language.tsx'
import { Character } from '../parts/character.tsx'
import { Holdings } from '../parts/holdings.tsx'
import { Live } from '../parts/live.tsx'
import { Notes } from '../parts/notes.tsx'
import { useProviderName } from '../parts/providers.ts'
import type { Profile } from '../profile.ts'

export function Home({ session }: { readonly session: Member<Profile> }) {
  const t = useTexts()
  const date = useDate()
  const name = useProviderName()
  const { nickname, characterName } = session.user
  return (
    <>
      <section className="ticket">
        <Character name={characterName} className="portrait" />
        <div>
          <h1>{t.welcome(nickname)}</h1>
          <p>
            {t.characters[characterName]} · {t.memberSince(name(session.provider))}
          </p>
          <p className="aside">{t.sessionUntil(date(session.expiresAt))}</p>
        </div>
        <p className="number" aria-hidden="true">
          № {ticketNumber(session.sessionId)}
        </p>
      </section>
      <Holdings>
        <section className="card" aria-labelledby="notes">
          <h2 id="notes">{t.notes}</h2>
          <p className="lead">{t.notesLead}</p>
          <Notes />
        </section>
        <Live />
      </Holdings>
    </>
  )
}

/** Three digits for the eye, made of the session's public name. */
function ticketNumber(sessionId: string): string {
  const sum = [...sessionId].reduce((total, letter) => (total * 31 + letter.charCodeAt(0)) % 1000, 7)
  return String(sum).padStart(3, '0')
}
