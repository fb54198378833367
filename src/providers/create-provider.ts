import type { ProviderConfig } from '../config/config.ts'
import { createAccount } from './account.ts'
import { authorize } from './authorization-request.ts'
import { finish } from './callback.ts'
import type { ProviderDefinition } from './definition.ts'
import { createProtocol, type ProviderContext } from './protocol-client.ts'
import type { Intent, Provider } from './provider.ts'

/** A provider with what only this room needs: its addresses, and an end. */
export interface RunningProvider {
  readonly provider: Provider
  /** Origins a login or logout may lead to, as far as known. */
  origins(): readonly string[]
  /** Asks for the metadata before anybody needs them. */
  warmUp(): void
  close(): void
}

/** One definition over the one engine. */
export function createProvider(
  definition: ProviderDefinition,
  config: ProviderConfig,
  context: ProviderContext,
): RunningProvider {
  const protocol = createProtocol(definition, config, context)
  const { source } = protocol
  const provider: Provider = {
    id: config.id,
    name: config.name ?? definition.name,
    intents: new Set(Object.keys(definition.intents) as Intent[]),
    authorize: (intent) => authorize(protocol, intent),
    finish: (query, checks, signal) => finish(protocol, { query, checks, signal }),
    account: createAccount(protocol),
  }
  return {
    provider,
    origins() {
      const { authorization_endpoint, end_session_endpoint } = source.known() ?? {}
      return [authorization_endpoint, end_session_endpoint].flatMap((url) =>
        url ? [new URL(url).origin] : [],
      )
    },
    warmUp: () => void source.load().catch(() => {}),
    close: () => source.close(),
  }
}
