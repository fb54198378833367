import { useSession } from 'coatcheck/react'
import { useEffect, useState } from 'react'
import { useDate, useTexts } from '../language.tsx'

/** Connections that outlive a request, and must not outlive a session. */
export function Live() {
  const t = useTexts()
  const date = useDate('medium')
  const guests = useRoom()
  const time = useTime()
  return (
    <section className="card" aria-labelledby="live">
      <h2 id="live">{t.live}</h2>
      <p className="lead">{t.liveLead}</p>
      <dl className="facts">
        <div>
          <dt>
            <Lamp on={guests !== undefined} />
            {t.liveGuests}
          </dt>
          <dd>{guests?.join(', ') ?? '–'}</dd>
        </div>
        <div>
          <dt>
            <Lamp on={time !== undefined} />
            {t.liveTime}
          </dt>
          <dd>{time ? <time dateTime={time}>{date(time)}</time> : '–'}</dd>
        </div>
      </dl>
    </section>
  )
}

function Lamp({ on }: { readonly on: boolean }) {
  return <span className={on ? 'lamp lamp-on' : 'lamp'} />
}

function useRoom(): readonly string[] | undefined {
  const { follow } = useSession()
  const [names, setNames] = useState<readonly string[]>()
  useEffect(() => {
    const url = new URL('/api/room', location.href)
    url.protocol = url.protocol.replace('http', 'ws')
    let socket: WebSocket
    let again: ReturnType<typeof setTimeout>
    function enter() {
      socket = new WebSocket(url)
      follow(socket)
      socket.onmessage = ({ data }) => setNames(JSON.parse(data).names)
      socket.onclose = ({ code }) => {
        setNames(undefined)
        // 4401: the session is over. Anything else is a connection that was lost.
        if (code !== 4401) again = setTimeout(enter, 2_000)
      }
    }
    enter()
    return () => {
      clearTimeout(again)
      socket.onclose = null
      socket.close()
    }
  }, [follow])
  return names
}

function useTime(): string | undefined {
  const { follow } = useSession()
  const [time, setTime] = useState<string>()
  useEffect(() => {
    const stream = new EventSource('/api/time')
    follow(stream)
    stream.onmessage = ({ data }) => setTime(data)
    stream.onerror = () => setTime(undefined)
    return () => stream.close()
  }, [follow])
  return time
}
