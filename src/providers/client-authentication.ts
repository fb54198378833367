import { importJWK, type JWK } from 'jose'
import {
  type ClientAuth,
  ClientSecretBasic,
  ClientSecretPost,
  modifyAssertion,
  PrivateKeyJwt,
  type ServerMetadata,
} from 'openid-client'
import { isJsonObject } from './exact-json.ts'
import { ProviderError } from './provider.ts'

/** How we prove at an issuer's endpoints that a request is ours (RFC 6749 §2.3). @throws ProviderError `misconfigured` */
export type ClientAuthentication = (metadata: ServerMetadata) => Promise<ClientAuth>

/** By the shared secret: Basic where the metadata name it and not `client_secret_post`. */
export function bySecret(clientSecret: string): ClientAuthentication {
  return async ({ token_endpoint_auth_methods_supported: methods }) =>
    methods?.includes('client_secret_basic') && !methods.includes('client_secret_post')
      ? ClientSecretBasic(clientSecret)
      : ClientSecretPost(clientSecret)
}

/** By a signed assertion, `private_key_jwt` (RFC 7523 §2.2; RFC 9700 §2.5 recommends it): no secret ever travels. */
export function byPrivateKey(jwk: JWK): ClientAuthentication {
  const { kid } = jwk
  let imported: ReturnType<typeof importSigningKey> | undefined
  return async () => {
    imported ??= importSigningKey(jwk)
    const key = await imported
    return PrivateKeyJwt(kid === undefined ? key : { key, kid }, {
      [modifyAssertion](header) {
        // RFC 9864 renamed it; the older name is the one that issuers know.
        if (header['alg'] === 'Ed25519') header['alg'] = 'EdDSA'
      },
    })
  }
}

/** The private JWK (RFC 7517) that a client secret can be; undefined: it is a secret. */
export function privateKeyIn(clientSecret: string): JWK | undefined {
  if (!clientSecret.startsWith('{')) return undefined
  try {
    const jwk: unknown = JSON.parse(clientSecret)
    return isJsonObject(jwk) && typeof jwk['kty'] === 'string' && typeof jwk['d'] === 'string'
      ? (jwk as JWK)
      : undefined
  } catch {
    return undefined
  }
}

async function importSigningKey(jwk: JWK) {
  const key = await importJWK(jwk, jwk.alg ?? usualAlgorithm(jwk)).catch(() => undefined)
  // The importer's own words could quote the key.
  if (!key || key instanceof Uint8Array)
    throw new ProviderError('misconfigured', { providerCode: 'client-key' })
  return key
}

function usualAlgorithm({ kty, crv }: JWK): string {
  if (kty === 'RSA') return 'RS256'
  if (kty === 'OKP') return 'EdDSA'
  return { 'P-384': 'ES384', 'P-521': 'ES512' }[crv ?? ''] ?? 'ES256'
}
