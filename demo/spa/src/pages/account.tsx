import type { Member } from 'coatcheck/browser'
import { useSession } from 'coatcheck/react'
import { useState } from 'react'
import { useTexts } from '../language.tsx'
import { Devices } from '../parts/devices.tsx'
import { Identities } from '../parts/identities.tsx'
import { Notice } from '../parts/notice.tsx'
import { ProfileForm } from '../parts/profile-form.tsx'
import { Withdrawal } from '../parts/withdrawal.tsx'
import type { Profile } from '../profile.ts'
import { useLocation } from '../router.tsx'

export function Account({ session }: { readonly session: Member<Profile> }) {
  const t = useTexts()
  const { fetch, refresh } = useSession()
  const [saved, setSaved] = useState(false)
  // A link that failed comes back here with its reason.
  const error = useLocation().searchParams.get('error')

  async function save(profile: Profile) {
    setSaved(false)
    await fetch('/auth/user', {
      method: 'PATCH',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(profile),
    })
    await refresh()
    setSaved(true)
  }

  return (
    <>
      <h1>{t.account}</h1>
      {error && <Notice>{t.errors[error] ?? t.somethingWrong}</Notice>}
      <section className="card" aria-labelledby="profile">
        <h2 id="profile">{t.profile}</h2>
        <ProfileForm
          initial={session.user}
          ownNickname={session.user.nickname}
          submitLabel={t.save}
          onSubmit={save}
        />
        {saved && <Notice kind="good">{t.saved}</Notice>}
      </section>
      <Devices />
      <Identities />
      <Withdrawal />
    </>
  )
}
