import {
  exportJWK,
  generateKeyPair,
  type JSONWebKeySet,
  type JWTHeaderParameters,
  type JWTPayload,
  SignJWT,
} from 'jose'

/** A simulated issuer's signing keys. */
export interface IdTokens {
  /** What the JWKS address publishes. */
  jwks(): JSONWebKeySet
  sign(claims: JWTPayload, header?: Partial<JWTHeaderParameters>): Promise<string>
  /** New key; the old one is published no more. */
  rotate(): Promise<void>
}

/** Making an RSA key takes longer than all the rest of a small test: a provider begins with the same one in every world. */
const firstKeys = new Map<string, ReturnType<typeof newKey>>()

export async function createIdTokens(provider: string): Promise<IdTokens> {
  let serial = 1
  const first = firstKeys.get(provider) ?? newKey(serial)
  firstKeys.set(provider, first)
  let current = await first
  return {
    jwks: () => ({ keys: [current.jwk] }),
    sign: (claims, header) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: current.jwk.kid, ...header })
        .sign(current.privateKey),
    async rotate() {
      current = await newKey(++serial)
    },
  }
}

async function newKey(serial: number) {
  const { publicKey, privateKey } = await generateKeyPair('RS256')
  const jwk = { ...(await exportJWK(publicKey)), kid: `key-${serial}`, alg: 'RS256', use: 'sig' }
  return { privateKey, jwk }
}
