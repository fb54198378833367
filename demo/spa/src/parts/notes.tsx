import { useSession } from 'coatcheck/react'
import { type FormEvent, useState } from 'react'
import { useDate, useTexts } from '../language.tsx'
import { useResource } from '../use-resource.ts'
import { Failure } from './notice.tsx'

interface Note {
  readonly id: string
  readonly text: string
  readonly createdAt: string
}

/** The person's notes, kept by the API behind coatcheck. */
export function Notes({ containing = '' }: { readonly containing?: string }) {
  const t = useTexts()
  const date = useDate()
  const { fetch } = useSession()
  const { value, error, reload } = useResource<{ notes: readonly Note[] }>('/api/notes')
  const [text, setText] = useState('')
  const [failure, setFailure] = useState<Error>()
  const notes = value?.notes.filter((note) => note.text.toLowerCase().includes(containing.toLowerCase()))

  async function change(path: string, init: RequestInit) {
    try {
      await fetch(path, init)
      setFailure(undefined)
      await reload()
    } catch (reason) {
      setFailure(reason as Error)
    }
  }

  async function add(event: FormEvent) {
    event.preventDefault()
    if (text.trim() === '') return
    const headers = { 'Content-Type': 'application/json' }
    await change('/api/notes', { method: 'POST', headers, body: JSON.stringify({ text }) })
    setText('')
  }

  return (
    <>
      <form className="row" onSubmit={add}>
        <label className="visually-hidden" htmlFor="write">
          {t.noteNew}
        </label>
        <input
          id="write"
          value={text}
          maxLength={200}
          placeholder={t.noteNew}
          onChange={(event) => setText(event.target.value)}
        />
        <button type="submit" className="primary">
          {t.noteAdd}
        </button>
      </form>
      {(failure ?? error) && <Failure error={(failure ?? error) as Error} />}
      {notes?.length === 0 && <p className="empty">{containing ? t.notesNoMatch : t.notesNone}</p>}
      <ul className="list">
        {notes?.map((note) => (
          <li key={note.id}>
            <span>
              {note.text}
              <small>
                <time dateTime={note.createdAt}>{date(note.createdAt)}</time>
              </small>
            </span>
            <button
              type="button"
              className="quiet"
              aria-label={t.noteDelete(note.text)}
              onClick={() => change(`/api/notes/${note.id}`, { method: 'DELETE' })}
            >
              ×
            </button>
          </li>
        ))}
      </ul>
    </>
  )
}
