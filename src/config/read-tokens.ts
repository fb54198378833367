import { resolve } from 'node:path'
import { z } from 'zod'
import type { PublicConfig, RouteConfig, ServiceTokenConfig, TokenExchangeConfig } from './config.ts'
import { type FileReader, readJsonFile } from './file-reader.ts'
import { duration, secret, secureUrl, text } from './grammar.ts'
import type { VariableReader } from './variable-reader.ts'

const leastLeftMs = 30_000

// RFC 7518 §3.2: a key as long as the hash output, at least.
const sharedKey = secret.refine((value) => Buffer.byteLength(value) >= 32, 'must have at least 32 bytes')

const lifetime = duration.refine(
  (ms) => ms > leastLeftMs,
  'must be longer than 30s: a token leaves with that much left',
)

/** Whom service tokens come from and go to, without what signs them. */
export function readServiceTokenNames(reader: VariableReader, origin: string) {
  return {
    issuer: reader.read('SERVICE_TOKEN_ISSUER', text) ?? origin,
    audience: reader.read('SERVICE_TOKEN_AUDIENCE', text) ?? origin,
    lifetimeMs: reader.read('SERVICE_TOKEN_LIFETIME', lifetime),
  }
}

/** What signs service tokens. @throws nothing: a missing or unreadable key file is a problem */
export function readServiceTokenKeys(
  reader: VariableReader,
  {
    files,
    routes,
    loopback,
  }: { readonly files: FileReader; readonly routes: readonly RouteConfig[] } & Pick<PublicConfig, 'loopback'>,
): Pick<ServiceTokenConfig, 'keysPath' | 'secret'> {
  const keysPath = reader.read('SERVICE_TOKEN_KEYS', text)
  if (keysPath !== undefined) checkKeyFile(reader, files, keysPath)
  const both = reader.isSet('SERVICE_TOKEN_KEYS') && reader.isSet('SERVICE_TOKEN_SECRET')
  if (both)
    reader.problem('SERVICE_TOKEN_SECRET', 'must not be set beside SERVICE_TOKEN_KEYS: one of them signs')
  const neither = !reader.isSet('SERVICE_TOKEN_KEYS') && !reader.isSet('SERVICE_TOKEN_SECRET')
  if (neither && !loopback && routes.some(({ token }) => token === 'service'))
    reader.problem(
      'SERVICE_TOKEN_KEYS',
      'is required when PUBLIC_URL is not on loopback and a route’s token is service (`npx coatcheck keygen > keys.json`)',
    )
  return { keysPath, secret: reader.read('SERVICE_TOKEN_SECRET', sharedKey) }
}

function checkKeyFile(reader: VariableReader, files: FileReader, path: string): void {
  const keySet = z.object({ keys: z.array(z.looseObject({ kty: z.string(), d: z.string() })).min(1) })
  const file = readJsonFile(files, path)
  if ('problem' in file) reader.problem('SERVICE_TOKEN_KEYS', file.problem)
  else if (!keySet.safeParse(file.json).success)
    reader.problem(
      'SERVICE_TOKEN_KEYS',
      `names ${resolve(path)}, which is no JWK Set with private keys (\`npx coatcheck keygen > keys.json\`)`,
    )
}

/** Who exchanges tokens; complete when a route wants that. */
export function readTokenExchange(
  reader: VariableReader,
  routes: readonly RouteConfig[],
): TokenExchangeConfig | undefined {
  const url = reader.read('TOKEN_EXCHANGE_URL', secureUrl)
  const clientId = reader.read('TOKEN_EXCHANGE_CLIENT_ID', text)
  const clientSecret = reader.read('TOKEN_EXCHANGE_CLIENT_SECRET', text)
  const audience = reader.read('TOKEN_EXCHANGE_AUDIENCE', text)
  if (routes.some(({ token }) => token === 'exchange'))
    for (const name of [
      'TOKEN_EXCHANGE_URL',
      'TOKEN_EXCHANGE_CLIENT_ID',
      'TOKEN_EXCHANGE_CLIENT_SECRET',
    ] as const)
      if (!reader.isSet(name)) reader.problem(name, 'is required when a route’s token is exchange')
  return url && clientId && clientSecret ? { url, clientId, clientSecret, audience } : undefined
}
