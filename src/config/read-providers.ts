import { createPrivateKey } from 'node:crypto'
import { z } from 'zod'
import type { ProviderConfig, ProviderEndpoints } from './config.ts'
import { list, secureUrl, text } from './grammar.ts'
import type { VariableReader } from './variable-reader.ts'
import { type ProviderSuffix, providerVariable, providerVariables, variableGroups } from './variables.ts'

/** Providers whose endpoints are presets: they need no issuer. */
const presets = new Set(['kakao', 'naver', 'google'])

const endpointSuffixes = {
  authorization: 'AUTHORIZATION_ENDPOINT',
  token: 'TOKEN_ENDPOINT',
  userinfo: 'USERINFO_ENDPOINT',
  jwks: 'JWKS_URI',
  revocation: 'REVOCATION_ENDPOINT',
  endSession: 'END_SESSION_ENDPOINT',
  unlink: 'UNLINK_ENDPOINT',
} as const satisfies Record<keyof ProviderEndpoints, ProviderSuffix>

/** An id like `token-exchange` would read another setting's variables as its own. */
function clashes(id: string): boolean {
  const general = new Set<string>(
    variableGroups.flatMap(({ variables }) => variables.map(({ name }) => name)),
  )
  return providerVariables.some(({ name }) => general.has(providerVariable(id, name)))
}

const ids = list.pipe(
  z
    .array(
      z
        .string()
        .regex(
          /^[a-z][a-z0-9-]*$/,
          'must be a comma list of ids: small letters, digits and -, a letter first',
        )
        .refine(
          (id) => !clashes(id),
          'must not contain token-exchange or service-token: their variables mean something else',
        ),
    )
    .refine((all) => new Set(all).size === all.length, 'must not name a provider twice'),
)

// OIDC Discovery §3: an issuer has no query and no fragment.
const issuer = secureUrl
  .refine((value) => !value.includes('?'), 'must not have a query')
  .refine(
    (value) => !/\/\.well-known(?:\/|$)/.test(value),
    'must be the issuer itself, without /.well-known/… behind it: coatcheck adds that',
  )

// RFC 6749 §3.3: scope tokens.
const scope = z
  .string()
  .regex(
    /^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/,
    'must be scopes separated by single blanks',
  )

/** A secret as the provider gave it, or a private JWK, which must be one. */
const clientSecret = text.refine(
  (value) => !value.startsWith('{') || isPrivateKey(value),
  'must be a secret, or one private JWK as JSON: {"kty":…,"d":…}',
)

function isPrivateKey(json: string): boolean {
  try {
    createPrivateKey({ key: JSON.parse(json), format: 'jwk' })
    return true
  } catch {
    return false
  }
}

/** The providers in their order, each with the variables of its own. */
export function readProviders(reader: VariableReader): readonly ProviderConfig[] {
  if (!reader.isSet('PROVIDERS')) reader.problem('PROVIDERS', 'is required')
  return (reader.read('PROVIDERS', ids) ?? []).map((id) => readProvider(reader, id))
}

function readProvider(reader: VariableReader, id: string): ProviderConfig {
  const required = (suffix: ProviderSuffix, schema: z.ZodType<string, string>) => {
    const name = providerVariable(id, suffix)
    if (!reader.isSet(name)) reader.problem(name, `is required with ${id} in PROVIDERS`)
    return reader.read(name, schema)
  }
  const optional = (suffix: ProviderSuffix, schema: z.ZodType<string, string>) =>
    reader.read(providerVariable(id, suffix), schema)
  const endpoints: Partial<Record<keyof ProviderEndpoints, string>> = {}
  for (const [key, suffix] of Object.entries(endpointSuffixes)) {
    const url = optional(suffix, secureUrl)
    if (url !== undefined) endpoints[key as keyof ProviderEndpoints] = url
  }
  return {
    id,
    name: optional('NAME', text),
    clientId: required('CLIENT_ID', text) ?? '',
    clientSecret: required('CLIENT_SECRET', presets.has(id) ? text : clientSecret) ?? '',
    scope: optional('SCOPE', scope),
    issuer: presets.has(id) ? optional('ISSUER', issuer) : required('ISSUER', issuer),
    logoutHint: reader.read(providerVariable(id, 'LOGOUT_HINT'), z.literal('id_token', 'must be id_token')),
    endpoints,
  }
}
