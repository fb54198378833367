import { calculateJwkThumbprint, importJWK, type JWK } from 'jose'

export type SigningAlgorithm = 'ES256' | 'EdDSA' | 'RS256'

/** A private key that signs tokens, with what is told about it. */
export interface PrivateKey {
  readonly kid: string
  readonly alg: SigningAlgorithm
  readonly key: CryptoKey
  /** The published form (RFC 7517): named members only, so that no private one can slip out. */
  readonly published: JWK
}

/** The first signs, all are published. */
export type PrivateKeySet = readonly PrivateKey[]

/** Reads a private JWK Set; the problems say which key and what is wrong, never a value. */
export async function parseKeySet(
  text: string,
): Promise<{ readonly keys: PrivateKeySet; readonly problems: readonly string[] }> {
  const members = jwkSetMembers(text)
  if (!members)
    return { keys: [], problems: ['is no JWK Set: {"keys":[…]} with at least one key (coatcheck keygen)'] }
  const results = await Promise.all(members.map(readKey))
  const keys = results.filter((result) => typeof result !== 'string')
  const problems = results.flatMap((result, index) =>
    typeof result === 'string' ? [`key ${index + 1} ${result}`] : [],
  )
  if (new Set(keys.map(({ kid }) => kid)).size < keys.length) problems.push('has two keys with one kid')
  return { keys, problems }
}

function jwkSetMembers(text: string): readonly unknown[] | undefined {
  try {
    const { keys } = JSON.parse(text) as { keys?: unknown }
    return Array.isArray(keys) && keys.length > 0 ? keys : undefined
  } catch {
    return undefined
  }
}

async function readKey(member: unknown): Promise<PrivateKey | string> {
  if (typeof member !== 'object' || member === null) return 'is no JWK'
  const jwk = member as JWK
  const alg = algorithmOf(jwk)
  if (!alg) return `has a kty or crv that is not taken: EC P-256, OKP Ed25519 or RSA`
  if (jwk.alg !== undefined && jwk.alg !== alg) return `says another alg than ${alg}`
  if (jwk.use !== undefined && jwk.use !== 'sig') return 'is not for signatures (use)'
  if (typeof jwk.d !== 'string') return 'is no private key (d is missing)'
  if (jwk.kid !== undefined && (typeof jwk.kid !== 'string' || jwk.kid === ''))
    return 'has a kid that is no text'
  // NIST SP 800-131A: RSA below 2048 bits is not acceptable for signatures.
  if (jwk.n && Buffer.from(jwk.n, 'base64url').length < 256) return 'has fewer than 2048 bits'
  try {
    const key = await importJWK(jwk, alg)
    if (key instanceof Uint8Array) return 'is no key pair'
    const kid = jwk.kid ?? (await calculateJwkThumbprint(jwk))
    return { kid, alg, key, published: publicPart(jwk, alg, kid) }
  } catch {
    return 'is not a valid key'
  }
}

function algorithmOf({ kty, crv }: JWK): SigningAlgorithm | undefined {
  if (kty === 'EC' && crv === 'P-256') return 'ES256'
  if (kty === 'OKP' && crv === 'Ed25519') return 'EdDSA'
  return kty === 'RSA' ? 'RS256' : undefined
}

function publicPart(jwk: JWK, alg: SigningAlgorithm, kid: string): JWK {
  const about = { kid, alg, use: 'sig' }
  const { kty, crv = '', x = '', y = '', n = '', e = '' } = jwk
  if (alg === 'ES256') return { ...about, kty, crv, x, y } as JWK
  if (alg === 'EdDSA') return { ...about, kty, crv, x } as JWK
  return { ...about, kty, n, e } as JWK
}
