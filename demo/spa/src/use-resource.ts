import type { ProblemError } from 'coatcheck/browser'
import { useSession } from 'coatcheck/react'
import { useCallback, useEffect, useState } from 'react'

export interface Resource<Value> {
  readonly value: Value | undefined
  /** coatcheck's own error, or whatever else went wrong. */
  readonly error: ProblemError | Error | undefined
  reload(): Promise<void>
}

/** What a GET answers, as JSON; asked for when the component appears, and again on `reload`. */
export function useResource<Value>(path: string): Resource<Value> {
  const { fetch, session } = useSession()
  const [answer, setAnswer] = useState<Omit<Resource<Value>, 'reload'>>({
    value: undefined,
    error: undefined,
  })
  const load = useCallback(async (): Promise<Omit<Resource<Value>, 'reload'>> => {
    try {
      const response = await fetch(path)
      if (!response.ok) throw new Error(`HTTP ${response.status}`)
      return { value: (await response.json()) as Value, error: undefined }
    } catch (error) {
      return { value: undefined, error: error as Error }
    }
  }, [fetch, path])

  // Another session is another answer.
  useEffect(() => {
    if (session.state === 'loading') return
    let wanted = true
    load().then((loaded) => wanted && setAnswer(loaded))
    return () => {
      wanted = false
    }
  }, [load, session.state])
  return { ...answer, reload: async () => setAnswer(await load()) }
}
