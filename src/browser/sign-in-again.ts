import type { Anonymous } from './session.ts'

/** Leads a page whose session ended to the login page and back to the same place, and stops when that goes round in circles. */
export interface SignInAgain {
  /** Leaves for the login page; after two returns that did not last it stays, and the session says that it is `stuck`. */
  leave(ended: Anonymous): Anonymous
  /** Whether this is the place that was left, on its way back. */
  isBack(): boolean
  /** A member's session has begun: once it has lasted, the journeys before it no longer count. */
  begun(): void
}

const journeys = 2
const lastingMs = 30_000
/** In sessionStorage, which is the tab's own: how many journeys there were, then the place that they began at. */
const key = 'coatcheck-sign-in'

export function createSignInAgain(loginPath: string, navigate: (url: string) => void): SignInAgain {
  let lasting: ReturnType<typeof setTimeout> | undefined
  return {
    leave(ended) {
      clearTimeout(lasting)
      const made = Number(note()?.[0] ?? 0)
      // What cannot be counted could go on for ever.
      if (made >= journeys || !write(`${made + 1}${here()}`)) {
        write()
        return { ...ended, stuck: true }
      }
      navigate(`${loginPath}?${new URLSearchParams({ returnTo: here() })}`)
      return ended
    },
    isBack: () => note()?.slice(1) === here(),
    begun() {
      if (note()) lasting = setTimeout(write, lastingMs)
    },
  }
}

/** Where the page is, as a path of this origin with query and fragment. */
export function here(): string {
  return location.pathname + location.search + location.hash
}

/** Without a value it forgets. False: the browser allows no storage. */
function write(value?: string): boolean {
  try {
    if (value) sessionStorage.setItem(key, value)
    else sessionStorage.removeItem(key)
    return true
  } catch {
    return false
  }
}

function note(): string | undefined {
  try {
    return sessionStorage.getItem(key) ?? undefined
  } catch {
    return undefined
  }
}
