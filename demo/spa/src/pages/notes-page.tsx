import { useEffect } from 'react'
import { useTexts } from '../language.tsx'
import { Notes } from '../parts/notes.tsx'
import { go, useLocation } from '../router.tsx'

/** `/notes?q=coat#write`: a place worth a bookmark, so that a login has something to come back to. */
export function NotesPage() {
  const t = useTexts()
  const url = useLocation()
  const query = url.searchParams.get('q') ?? ''
  useEffect(() => {
    if (url.hash === '#write') document.getElementById('write')?.focus()
  }, [url.hash])
  function search(q: string) {
    go(`/notes${q && `?${new URLSearchParams({ q })}`}`, { replace: true })
  }
  return (
    <section className="card">
      <h1>{t.notes}</h1>
      <p className="lead">{t.notesLead}</p>
      <div className="field">
        <label htmlFor="search">{t.noteSearch}</label>
        <input id="search" type="search" value={query} onChange={(event) => search(event.target.value)} />
      </div>
      <Notes containing={query} />
    </section>
  )
}
