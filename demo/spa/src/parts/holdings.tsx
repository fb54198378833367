import { ProblemError } from 'coatcheck/browser'
import { useSession } from 'coatcheck/react'
import type { ReactNode } from 'react'
import { useTexts } from '../language.tsx'
import { useResource } from '../use-resource.ts'
import { Failure } from './notice.tsx'

interface WhoAmI {
  readonly claims: Readonly<Record<string, unknown>>
  readonly headers: Readonly<Record<string, string>>
}

/** The reason for the product at a glance: what a script here can get hold of, beside what the API got to see. */
export function Holdings({ children }: { readonly children?: ReactNode }) {
  return (
    <div className="counter">
      <div className="stack">
        <BrowserSide />
        {children}
      </div>
      <ApiSide />
    </div>
  )
}

function BrowserSide() {
  const t = useTexts()
  const { session } = useSession()
  const holdings = [
    ['document.cookie', document.cookie],
    ['localStorage', Object.keys(localStorage).join(', ')],
    ['sessionStorage', Object.keys(sessionStorage).join(', ')],
  ] as const
  return (
    <section className="card" aria-labelledby="holds">
      <h2 id="holds">{t.holdsTitle}</h2>
      <p className="lead">{t.holdsLead}</p>
      <dl className="facts">
        {holdings.map(([name, value]) => (
          <div key={name}>
            <dt>
              <code>{name}</code>
            </dt>
            <dd>{value === '' ? <em>{t.holdsNothing}</em> : <code>{value}</code>}</dd>
          </div>
        ))}
      </dl>
      <p className="aside">{session.state === 'member' ? t.holdsTicket : t.holdsNoTicket}</p>
    </section>
  )
}

function ApiSide() {
  const t = useTexts()
  const { value, error, reload } = useResource<WhoAmI>('/api/whoami')
  return (
    <section className="card" aria-labelledby="received">
      <h2 id="received">{t.receivedTitle}</h2>
      {value && (
        <>
          <p className="lead">{t.receivedLead}</p>
          <Facts facts={value.claims} />
          <details>
            <summary>{t.receivedHeaders}</summary>
            <Facts facts={value.headers} />
          </details>
        </>
      )}
      {error instanceof ProblemError && (
        <>
          <p className="lead">{t.receivedRefused}</p>
          <p>
            <code>
              {error.status} {error.code}
            </code>
          </p>
        </>
      )}
      {error && !(error instanceof ProblemError) && <Failure error={error} />}
      <button type="button" onClick={reload}>
        {t.receivedAgain}
      </button>
    </section>
  )
}

function Facts({ facts }: { readonly facts: Readonly<Record<string, unknown>> }) {
  return (
    <dl className="facts">
      {Object.entries(facts).map(([name, value]) => (
        <div key={name}>
          <dt>
            <code>{name}</code>
          </dt>
          <dd>
            <code>{typeof value === 'string' ? value : JSON.stringify(value)}</code>
          </dd>
        </div>
      ))}
    </dl>
  )
}
