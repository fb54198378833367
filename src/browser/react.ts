import {
  createContext,
  createElement,
  type ReactNode,
  useContext,
  useEffect,
  useSyncExternalStore,
} from 'react'
import type { Client } from './client.ts'
import type { Session } from './session.ts'
import type { SessionStore } from './session-store.ts'

const ClientContext = createContext<Client | undefined>(undefined)

export interface SessionProviderProps {
  readonly client: Client
  readonly children?: ReactNode
}

/** Gives every component below it the page's session, and asks the server for it once. */
export function SessionProvider({ client, children }: SessionProviderProps) {
  useEffect(() => {
    // Failing, the session says `unavailable` and asks again by itself.
    client.session.refresh().catch(() => {})
  }, [client])
  return createElement(ClientContext.Provider, { value: client }, children)
}

/** The session as it is now (the component renders again when it changes), and what can be done about it. */
export function useSession<Profile = Record<string, unknown>>(): Omit<Client<Profile>, 'session'> & {
  readonly session: Session<Profile>
  readonly refresh: SessionStore<Profile>['refresh']
  readonly follow: SessionStore<Profile>['follow']
} {
  const client = useContext(ClientContext) as Client<Profile> | undefined
  if (!client) throw new Error('useSession: there is no <SessionProvider> above this component')
  const { session: store, ...actions } = client
  const session = useSyncExternalStore(store.subscribe, store.get, store.get)
  return { ...actions, session, refresh: store.refresh, follow: store.follow }
}
