import { useResource } from '../use-resource.ts'

export interface ProviderEntry {
  readonly id: string
  readonly name: string
}

/** Who can vouch for people here, in the order of their buttons. */
export function useProviders(): readonly ProviderEntry[] {
  return useResource<{ providers: readonly ProviderEntry[] }>('/auth/providers').value?.providers ?? []
}

export function useProviderName(): (id: string) => string {
  const providers = useProviders()
  return (id) => providers.find((provider) => provider.id === id)?.name ?? id
}
