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

export async function createIdTokens(): Promise<IdTokens> {
  let serial = 0
  let current = await newKey(++serial)
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
