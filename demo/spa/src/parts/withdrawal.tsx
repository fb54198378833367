import { useSession } from 'coatcheck/react'
import { useState } from 'react'
import { useTexts } from '../language.tsx'
import { go } from '../router.tsx'
import { Failure } from './notice.tsx'
import { Reauthenticate, reauthenticationUrl } from './reauthenticate.tsx'

/** Deletes the account, after a second look. */
export function Withdrawal() {
  const t = useTexts()
  const { fetch, refresh } = useSession()
  const [asking, setAsking] = useState(false)
  const [error, setError] = useState<Error>()
  const loginUrl = reauthenticationUrl(error)

  async function withdraw() {
    try {
      await fetch('/auth/account', { method: 'DELETE' })
      await refresh()
      go('/', { replace: true })
    } catch (reason) {
      setError(reason as Error)
    }
  }

  return (
    <section className="card" aria-labelledby="leave">
      <h2 id="leave">{t.leave}</h2>
      <p className="lead">{t.leaveLead}</p>
      {loginUrl ? <Reauthenticate loginUrl={loginUrl} /> : error && <Failure error={error} />}
      {asking ? (
        <p className="row">
          <button type="button" className="danger" onClick={withdraw}>
            {t.leaveSure}
          </button>
          <button type="button" onClick={() => setAsking(false)}>
            {t.leaveNot}
          </button>
        </p>
      ) : (
        <button type="button" onClick={() => setAsking(true)}>
          {t.leaveDo}
        </button>
      )}
    </section>
  )
}
