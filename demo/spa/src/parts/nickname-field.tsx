import { useSession } from 'coatcheck/react'
import { useEffect, useState } from 'react'
import { useTexts } from '../language.tsx'

export interface NicknameFieldProps {
  readonly value: string
  /** The name that the person has already; it needs no question. */
  readonly own: string | undefined
  readonly error: string | undefined
  readonly onChange: (value: string) => void
}

const pauseMs = 250

/** A name and whether it is free, asked while the person types. */
export function NicknameField({ value, own, error, onChange }: NicknameFieldProps) {
  const t = useTexts()
  const available = useAvailability(value === own ? '' : value)
  const problem = error ?? (available === false ? t.nicknameTaken : undefined)
  return (
    <div className="field">
      <label htmlFor="nickname">{t.nickname}</label>
      <input
        id="nickname"
        name="nickname"
        value={value}
        autoComplete="nickname"
        spellCheck={false}
        maxLength={40}
        required
        aria-invalid={problem !== undefined}
        aria-describedby="nickname-hint"
        onChange={(event) => onChange(event.target.value)}
      />
      <p id="nickname-hint" role="status" className={problem ? 'hint bad' : available ? 'hint good' : 'hint'}>
        {problem ?? (available ? t.nicknameFree : t.nicknameHint)}
      </p>
    </div>
  )
}

/** undefined: not known, or not a name that could be free. */
function useAvailability(nickname: string): boolean | undefined {
  const { fetch } = useSession()
  const [known, setKnown] = useState<{ readonly nickname: string; readonly available: boolean }>()
  useEffect(() => {
    const length = [...nickname.trim()].length
    if (length < 2 || length > 20) return
    const timer = setTimeout(async () => {
      try {
        const response = await fetch(`/auth/signup/availability?${new URLSearchParams({ nickname })}`)
        setKnown({ nickname, available: (await response.json()).available })
      } catch {
        setKnown(undefined)
      }
    }, pauseMs)
    return () => clearTimeout(timer)
  }, [nickname, fetch])
  return known?.nickname === nickname ? known.available : undefined
}
