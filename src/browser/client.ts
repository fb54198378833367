import { ProblemError, problemIn } from './problem-error.ts'
import type { Anonymous, Member, Session, SessionEntry } from './session.ts'
import { createSessionStore, type SessionStore } from './session-store.ts'
import { createSignInAgain, here } from './sign-in-again.ts'

export { type InAppBrowser, inAppBrowser } from './in-app-browser.ts'
export { type FieldError, ProblemError } from './problem-error.ts'
export type * from './session.ts'
export type { SessionStore } from './session-store.ts'

export interface ClientOptions {
  readonly fetch?: typeof globalThis.fetch
  /** Where coatcheck's own routes are; default `/auth`. */
  readonly basePath?: string
  /** How the browser goes to a URL; default `location.assign`. */
  readonly navigate?: (url: string) => void
  /** Runs once when a member's session has ended without this page's doing. */
  readonly onSessionEnded?: (session: Anonymous) => void
  /**
   * Path of the login page: a member whose session ended goes there, and comes back to the same place. After two returns that did
   * not last, the page stays and its session says `stuck`. Default: the app decides.
   */
  readonly signInAgain?: string
}

export interface SignInOptions {
  /** A path of this origin; default: here, with query and fragment. */
  readonly returnTo?: string
  readonly intent?: 'login' | 'reauthenticate' | 'select-account' | 'reconsent'
}

export interface SignOutOptions {
  /** All sessions of the user. */
  readonly everywhere?: boolean
  /** At the provider, too, where that is possible. */
  readonly provider?: boolean
}

export interface Client<Profile = Record<string, unknown>> {
  readonly session: SessionStore<Profile>
  /** Leaves the page for the provider's. */
  signIn(provider: string, options?: SignInOptions): void
  /** @throws ProblemError `validation-failed`, `name-taken`, … */
  signUp(profile: Profile): Promise<Member<Profile> & { readonly returnTo: string }>
  /** Resolves with where to go next; leaves the page if that is the provider's. */
  signOut(options?: SignOutOptions): Promise<string>
  readonly sessions: {
    list(): Promise<readonly SessionEntry[]>
    end(id: string): Promise<void>
    endOthers(): Promise<void>
  }
  /** As the global `fetch`, with what coatcheck asks of a script. @throws ProblemError for an error of coatcheck's own; the API's pass as responses. */
  readonly fetch: typeof globalThis.fetch
}

/** The browser's end of coatcheck: who is signed in, how to change that, and calls to the API. Make one for the page. */
export function createClient<Profile = Record<string, unknown>>(
  options: ClientOptions = {},
): Client<Profile> {
  const { basePath = '/auth', navigate = (url) => location.assign(url), onSessionEnded } = options
  const send: typeof globalThis.fetch = options.fetch ?? ((...request) => globalThis.fetch(...request))
  const again = options.signInAgain ? createSignInAgain(options.signInAgain, navigate) : undefined
  const session = createSessionStore<Profile>(
    async () => judged(await (await understood(await send(`${basePath}/session`))).json()),
    `coatcheck ${basePath}`,
  )
  let signingOut = false
  let before = session.get()
  session.subscribe((now) => {
    const ended = before.state === 'member' && now.state === 'anonymous' && !signingOut
    if (before.state !== 'member' && now.state === 'member') again?.begun()
    before = now
    if (ended) onSessionEnded?.(now)
  })

  /** What the server said, and what follows from it for whoever wants to sign in again. */
  function judged(now: Session<Profile>): Session<Profile> {
    if (!again || now.state !== 'anonymous' || signingOut) return now
    const { state } = before
    return state === 'member' || (state === 'loading' && again.isBack()) ? again.leave(now) : now
  }

  const fetch: Client['fetch'] = async (input, init) => {
    const attempt = async () => accepted(await send(input, withProof(input, init)))
    const looks = session.looks()
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof ProblemError) || error.code !== 'session-required') throw error
      // Another tab may have brought a newer ticket. However many calls were refused, one look tells.
      const now = session.looks() > looks ? session.get() : await session.refresh()
      if (now.state !== 'member' || !isRepeatable(input, init)) throw error
      return attempt()
    }
  }

  async function act(path: string, method: string, body?: unknown): Promise<Response> {
    const json = { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }
    return understood(await fetch(`${basePath}${path}`, { method, ...(body !== undefined && json) }))
  }

  return {
    session,
    fetch,
    signIn(provider, { returnTo = here(), intent } = {}) {
      const query = new URLSearchParams({ returnTo, ...(intent && { intent }) })
      navigate(`${basePath}/login/${encodeURIComponent(provider)}?${query}`)
    },
    async signUp(profile) {
      const { returnTo, ...member } = await (await act('/signup', 'POST', profile)).json()
      session.set(member)
      return { returnTo, ...member }
    },
    async signOut(options = {}) {
      // From the start: a socket may be closed, and so the session looked at, before the answer is here.
      signingOut = true
      let redirectTo: string
      try {
        redirectTo = (await (await act('/logout', 'POST', options)).json()).redirectTo
        session.set({ state: 'anonymous', reason: 'signed-out' })
      } finally {
        signingOut = false
      }
      if (!redirectTo.startsWith('/')) navigate(redirectTo)
      return redirectTo
    },
    sessions: {
      list: async () => (await (await act('/sessions', 'GET')).json()).sessions,
      async end(id) {
        await act(`/sessions/${encodeURIComponent(id)}`, 'DELETE')
        const now = session.get()
        if (now.state === 'member' && now.sessionId === id) await session.refresh()
      },
      async endOthers() {
        await act('/sessions', 'DELETE')
      },
    },
  }
}

/** The response, unless it is an error of coatcheck's own. */
async function accepted(response: Response): Promise<Response> {
  const problem = await problemIn(response)
  if (problem) throw problem
  return response
}

/** On our own routes anything but success is an error, also where something between us and coatcheck answered. */
async function understood(response: Response): Promise<Response> {
  const { ok, status } = await accepted(response)
  if (!ok) throw new Error(`HTTP ${status}`)
  return response
}

/** X-CSRF on calls to our own origin: browsers without Fetch Metadata prove with it that no other site made the call. */
function withProof(input: RequestInfo | URL, init?: RequestInit): RequestInit | undefined {
  const page = globalThis.location?.href ?? 'http://localhost/'
  const { origin } = new URL(input instanceof Request ? input.url : input, page)
  if (origin !== new URL(page).origin) return init
  const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : undefined))
  headers.set('X-CSRF', '1')
  return { ...init, headers }
}

/** A body that is a stream is gone once it was sent. */
function isRepeatable(input: RequestInfo | URL, init?: RequestInit): boolean {
  return !(input instanceof Request) && !(init?.body instanceof ReadableStream)
}
