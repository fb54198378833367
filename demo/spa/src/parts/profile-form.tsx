import { ProblemError } from 'coatcheck/browser'
import { type FormEvent, useState } from 'react'
import { useTexts } from '../language.tsx'
import type { Profile } from '../profile.ts'
import { Character, characterNames } from './character.tsx'
import { NicknameField } from './nickname-field.tsx'
import { Failure, Notice } from './notice.tsx'

export interface ProfileFormProps {
  readonly initial: Partial<Profile>
  /** What the person is called already; a suggestion is not. */
  readonly ownNickname?: string
  readonly submitLabel: string
  /** Rejects with what the server does not accept. */
  readonly onSubmit: (profile: Profile) => Promise<void>
}

/** Nickname and character: at sign-up, and later on the account page. */
export function ProfileForm({ initial, ownNickname, submitLabel, onSubmit }: ProfileFormProps) {
  const t = useTexts()
  const [nickname, setNickname] = useState(initial.nickname ?? '')
  const [characterName, setCharacterName] = useState(initial.characterName ?? '')
  const [error, setError] = useState<Error>()
  const [sending, setSending] = useState(false)
  const refused = (pointer: string) =>
    error instanceof ProblemError && error.errors.some((one) => one.pointer === pointer)
  const nicknameError = !refused('/nickname')
    ? undefined
    : (error as ProblemError).code === 'name-taken'
      ? t.nicknameTaken
      : t.nicknameInvalid

  async function submit(event: FormEvent) {
    event.preventDefault()
    setError(undefined)
    setSending(true)
    try {
      await onSubmit({ nickname, characterName })
    } catch (reason) {
      setError(reason as Error)
    } finally {
      setSending(false)
    }
  }

  function change(value: string) {
    setNickname(value)
    setError(undefined)
  }

  return (
    <form onSubmit={submit} noValidate>
      <NicknameField value={nickname} own={ownNickname} error={nicknameError} onChange={change} />
      <fieldset>
        <legend>{t.character}</legend>
        <div className="characters">
          {characterNames.map((name) => (
            <label key={name} className="pick">
              <input
                type="radio"
                name="characterName"
                value={name}
                checked={characterName === name}
                onChange={() => setCharacterName(name)}
              />
              <Character name={name} />
              <span>{t.characters[name]}</span>
            </label>
          ))}
        </div>
      </fieldset>
      {refused('/characterName') && <Notice>{t.characterMissing}</Notice>}
      {error && !nicknameError && !refused('/characterName') && <Failure error={error} />}
      <button type="submit" className="primary" disabled={sending}>
        {submitLabel}
      </button>
    </form>
  )
}
