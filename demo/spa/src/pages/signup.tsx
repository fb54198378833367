import { useSession } from 'coatcheck/react'
import { useDate, useTexts } from '../language.tsx'
import { ProfileForm } from '../parts/profile-form.tsx'
import { useProviderName } from '../parts/providers.ts'
import type { Profile } from '../profile.ts'
import { go } from '../router.tsx'

/** A provider has vouched; what it suggests is filled in, the rest is the person's choice. */
export function Signup() {
  const t = useTexts()
  const date = useDate()
  const name = useProviderName()
  const { session, signUp } = useSession<Profile>()
  if (session.state !== 'registering') return null
  async function submit(profile: Profile) {
    const { returnTo } = await signUp(profile)
    go(returnTo, { replace: true })
  }
  return (
    <section className="card narrow">
      <h1>{t.signupTitle}</h1>
      <p className="lead">{t.signupLead(name(session.provider))}</p>
      <ProfileForm
        initial={{ nickname: session.suggested.nickname ?? '' }}
        submitLabel={t.signupDo}
        onSubmit={submit}
      />
      <p className="aside">{t.signupExpires(date(session.expiresAt))}</p>
    </section>
  )
}
