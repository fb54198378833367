import type { SessionEntry } from 'coatcheck/browser'
import { useSession } from 'coatcheck/react'
import { useCallback, useEffect, useState } from 'react'
import { useDate, useTexts } from '../language.tsx'
import { Failure } from './notice.tsx'
import { ProviderMark } from './provider-button.tsx'

/** Where the person is signed in, and how to end that. */
export function Devices() {
  const t = useTexts()
  const date = useDate()
  const { sessions } = useSession()
  const [entries, setEntries] = useState<readonly SessionEntry[]>([])
  const [error, setError] = useState<Error>()

  const run = useCallback(
    async (action?: () => Promise<void>) => {
      try {
        await action?.()
        setEntries(await sessions.list())
        setError(undefined)
      } catch (reason) {
        setError(reason as Error)
      }
    },
    [sessions],
  )
  useEffect(() => {
    void run()
  }, [run])

  return (
    <section className="card" aria-labelledby="devices">
      <h2 id="devices">{t.devices}</h2>
      {error && <Failure error={error} />}
      <ul className="list">
        {entries.map((entry) => (
          <li key={entry.id}>
            <ProviderMark id={entry.provider} />
            <span>
              {entry.device} {entry.current && <strong className="badge">{t.deviceCurrent}</strong>}
              <small>{t.deviceSeen(date(entry.lastSeenAt))}</small>
            </span>
            {!entry.current && (
              <button
                type="button"
                className="quiet"
                aria-label={t.deviceEndNamed(entry.device)}
                onClick={() => run(() => sessions.end(entry.id))}
              >
                {t.deviceEnd}
              </button>
            )}
          </li>
        ))}
      </ul>
      {entries.length > 1 && (
        <button type="button" onClick={() => run(() => sessions.endOthers())}>
          {t.devicesEndOthers}
        </button>
      )}
    </section>
  )
}
