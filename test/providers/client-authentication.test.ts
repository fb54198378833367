import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { byPrivateKey, privateKeyIn } from '../../src/providers/client-authentication.ts'
import { problemsOf } from '../config/environment.ts'

const pairs = {
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  ES384: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  EdDSA: generateKeyPairSync('ed25519'),
  RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
}
const issuer = { issuer: 'https://id.example' }
const client = { client_id: 'coatcheck' }

describe('a client with a private key', () => {
  it.each(Object.entries(pairs))('signs its assertion with %s', async (alg, { privateKey, publicKey }) => {
    const jwk = privateKeyIn(JSON.stringify({ ...privateKey.export({ format: 'jwk' }), kid: 'ours' }))
    const authenticate = await byPrivateKey(jwk ?? { kty: '' })(issuer)
    const body = new URLSearchParams()
    await authenticate(issuer, client, body, new Headers())
    expect(body.get('client_assertion_type')).toBe('urn:ietf:params:oauth:client-assertion-type:jwt-bearer')
    expect([body.has('client_secret'), body.get('client_id')]).toEqual([false, 'coatcheck'])
    const keys = createLocalJWKSet({
      keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'ours', kty: jwk?.kty ?? '' }],
    })
    const { payload, protectedHeader } = await jwtVerify(body.get('client_assertion') ?? '', keys, {
      issuer: 'coatcheck',
      subject: 'coatcheck',
      audience: issuer.issuer,
      requiredClaims: ['exp', 'jti'],
    })
    expect(protectedHeader).toMatchObject({ alg, kid: 'ours' })
    expect((payload.exp ?? 0) - Date.now() / 1000).toBeLessThan(301)
  })

  it('with a key that is none is misconfigured, and the key is not quoted', async () => {
    const broken = byPrivateKey({ kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA', d: 'the-private-part' })(issuer)
    const error = await broken.then(
      () => undefined,
      (reason: unknown) => reason,
    )
    expect(error).toMatchObject({ failure: 'misconfigured', providerCode: 'client-key' })
    expect(String((error as Error).cause)).not.toContain('the-private-part')
  })
})

describe('CLIENT_SECRET', () => {
  const acme = { PROVIDERS: 'acme', ACME_CLIENT_ID: 'x', ACME_ISSUER: 'https://id.example' }
  const jwk = pairs.ES256.privateKey.export({ format: 'jwk' })
  const said = (secret: unknown) =>
    problemsOf({ ...acme, ACME_CLIENT_SECRET: typeof secret === 'string' ? secret : JSON.stringify(secret) })

  it('may be a private JWK for an issuer by discovery', () => {
    expect(said(jwk)).toEqual([])
    expect(said('a-secret')).toEqual([])
  })

  it.each<[string, unknown]>([
    ['a public JWK', pairs.ES256.publicKey.export({ format: 'jwk' })],
    ['a symmetric one', { kty: 'oct', k: 'c2VjcmV0LW1hdGVyaWFs' }],
    ['a set of them', { keys: [jwk] }],
    ['broken JSON', '{"kty":"EC"'],
    ['a key that is none', { ...jwk, x: 'AA' }],
  ])('stops the start when it is %s, and is not quoted', (_what, secret) => {
    const problems = said(secret)
    expect(problems).toEqual([
      expect.stringMatching(/^ACME_CLIENT_SECRET: must be a secret, or one private JWK/),
    ])
    expect(problems.join()).not.toContain(jwk.d)
  })
})
