import { ProblemError } from 'coatcheck/browser'
import { useSession } from 'coatcheck/react'
import { type MouseEvent, useState } from 'react'
import { useDate, useTexts } from '../language.tsx'
import { useResource } from '../use-resource.ts'
import { Failure, Notice } from './notice.tsx'
import { ProviderMark } from './provider-button.tsx'
import { useProviders } from './providers.ts'
import { Reauthenticate, reauthenticationUrl } from './reauthenticate.tsx'

interface Identity {
  readonly provider: string
  readonly linkedAt: string
  readonly email?: string
}

/** Which providers may sign the person in; more can be linked, all but the last removed. */
export function Identities() {
  const t = useTexts()
  const date = useDate()
  const { fetch } = useSession()
  const providers = useProviders()
  const { value, reload } = useResource<{ identities: readonly Identity[] }>('/auth/identities')
  const [error, setError] = useState<Error>()
  const loginUrl = reauthenticationUrl(error)
  const name = (id: string) => providers.find((provider) => provider.id === id)?.name ?? id
  const linked = value?.identities ?? []
  const others = value ? providers.filter(({ id }) => !linked.some(({ provider }) => provider === id)) : []

  async function unlink(provider: string) {
    try {
      await fetch(`/auth/identities/${provider}`, { method: 'DELETE' })
      setError(undefined)
      await reload()
    } catch (reason) {
      setError(reason as Error)
    }
  }

  /** Asks before it goes: a navigation that is refused (the sign-in is too old) would leave the person before a bare error. */
  async function link(event: MouseEvent<HTMLAnchorElement>) {
    event.preventDefault()
    const { href } = event.currentTarget
    try {
      await fetch(href, { redirect: 'manual' })
      location.assign(href)
    } catch (reason) {
      setError(reason as Error)
    }
  }

  return (
    <section className="card" aria-labelledby="identities">
      <h2 id="identities">{t.identities}</h2>
      <ul className="list">
        {linked.map(({ provider, linkedAt, email }) => (
          <li key={provider}>
            <ProviderMark id={provider} />
            <span>
              {name(provider)} {email && <small>{email}</small>}
              <small>{t.identityLinked(date(linkedAt))}</small>
            </span>
            <button
              type="button"
              className="quiet"
              aria-label={t.identityUnlinkNamed(name(provider))}
              onClick={() => unlink(provider)}
            >
              {t.identityUnlink}
            </button>
          </li>
        ))}
      </ul>
      {loginUrl ? (
        <Reauthenticate loginUrl={loginUrl} />
      ) : error instanceof ProblemError && error.code === 'last-identity' ? (
        <Notice>{t.lastIdentity}</Notice>
      ) : (
        error && <Failure error={error} />
      )}
      <p className="row">
        {others.map(({ id }) => (
          <a
            key={id}
            className="button"
            href={`/auth/link/${id}?returnTo=${encodeURIComponent('/account')}`}
            onClick={link}
          >
            {t.identityLink(name(id))}
          </a>
        ))}
      </p>
    </section>
  )
}
