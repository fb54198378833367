import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import {
  generateKeySet,
  type KeyFileError,
  loadKeys,
  loadOrGenerateKeys,
} from '../../src/api-token/key-file.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coatcheck-keys-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function privateJwk(alg: string, options: object = {}): Promise<JWK> {
  return exportJWK((await generateKeyPair(alg, { extractable: true, ...options })).privateKey)
}

async function fileWith(content: unknown): Promise<string> {
  const path = join(folder, `${Math.random()}.json`)
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

async function problemsOf(path: string): Promise<readonly string[]> {
  return loadKeys(path).then(
    () => [],
    (error: KeyFileError) => error.problems,
  )
}

describe('a key file', () => {
  it('takes ES256, EdDSA and RS256 keys, and publishes no private member', async () => {
    const path = await fileWith({
      keys: [
        { ...(await privateJwk('ES256')), kid: 'one' },
        await privateJwk('EdDSA', { crv: 'Ed25519' }),
        { ...(await privateJwk('RS256')), alg: 'RS256', use: 'sig', 'x-note': 'secret note' },
      ],
    })
    const keys = await loadKeys(path)
    expect(keys.map(({ alg }) => alg)).toEqual(['ES256', 'EdDSA', 'RS256'])
    expect(keys[0]?.kid).toBe('one')
    expect(keys.map(({ published }) => Object.keys(published).sort())).toEqual([
      ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'],
      ['alg', 'crv', 'kid', 'kty', 'use', 'x'],
      ['alg', 'e', 'kid', 'kty', 'n', 'use'],
    ])
  })

  it('says all that is wrong with it, by file and key, and no value', async () => {
    const good = await privateJwk('ES256')
    const { d, ...publicHalf } = good
    const path = await fileWith({
      keys: [
        { kty: 'oct', k: 'c2VjcmV0' },
        publicHalf,
        { ...good, alg: 'ES384' },
        { ...good, use: 'enc' },
        { ...good, x: 'AAAA' },
        { ...(await privateJwk('RS256')), n: 'AQAB' },
        'nonsense',
        { ...good, kid: 7 },
      ],
    })
    const problems = await problemsOf(path)
    expect(problems).toEqual([
      `${path}: key 1 has a kty or crv that is not taken: EC P-256, OKP Ed25519 or RSA`,
      `${path}: key 2 is no private key (d is missing)`,
      `${path}: key 3 says another alg than ES256`,
      `${path}: key 4 is not for signatures (use)`,
      `${path}: key 5 is not a valid key`,
      `${path}: key 6 has fewer than 2048 bits`,
      `${path}: key 7 is no JWK`,
      `${path}: key 8 has a kid that is no text`,
    ])
    expect(problems.join()).not.toContain(d)
  })

  it('may not have two keys with one kid', async () => {
    const path = await fileWith({
      keys: [
        { ...(await privateJwk('ES256')), kid: 'a' },
        { ...(await privateJwk('ES256')), kid: 'a' },
      ],
    })
    expect(await problemsOf(path)).toEqual([`${path}: has two keys with one kid`])
  })

  it.each(['', '[]', '{"keys":[]}', '{"keys":7}', 'null', '{'])('is refused as %j', async (content) => {
    const path = await fileWith(content)
    expect(await problemsOf(path)).toEqual([
      `${path}: is no JWK Set: {"keys":[…]} with at least one key (coatcheck keygen)`,
    ])
  })

  it('that is not there is named', async () => {
    const path = join(folder, 'missing.json')
    expect(await problemsOf(path)).toEqual([`${path}: cannot be read (ENOENT)`])
  })
})

describe('the development keys', () => {
  it('are made once, however many processes start, and only their owner can read them', async () => {
    const dataDir = join(folder, 'data')
    const read = await Promise.all(Array.from({ length: 8 }, () => loadOrGenerateKeys(dataDir)))
    expect(new Set(read.map((keys) => keys[0]?.kid)).size).toBe(1)
    expect(await readdir(dataDir)).toEqual(['service-token-keys.json'])
    expect((await stat(join(dataDir, 'service-token-keys.json'))).mode & 0o777).toBe(0o600)
    expect((await loadOrGenerateKeys(dataDir))[0]?.kid).toBe(read[0]?.[0]?.kid)
  })

  it('that cannot be made are named', async () => {
    const inTheWay = await fileWith('a file, no folder')
    await expect(loadOrGenerateKeys(inTheWay)).rejects.toMatchObject({
      problems: [expect.stringMatching(/service-token-keys\.json: cannot be made \(E[A-Z]+\)$/)],
    })
  })

  it('that were damaged are reported, not replaced', async () => {
    const dataDir = await mkdtemp(join(folder, 'damaged-'))
    const path = join(dataDir, 'service-token-keys.json')
    await writeFile(path, 'oops')
    await expect(loadOrGenerateKeys(dataDir)).rejects.toThrow(path)
    expect(await readFile(path, 'utf8')).toBe('oops')
  })
})

describe('keygen', () => {
  it('prints what SERVICE_TOKEN_KEYS takes', async () => {
    const keys = await loadKeys(await fileWith(await generateKeySet()))
    expect(keys).toMatchObject([{ alg: 'ES256', kid: expect.any(String) }])
  })
})
