import { execFile, execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import express, { type RequestHandler } from 'express'
import { createLocalJWKSet, decodeJwt, SignJWT } from 'jose'
import request from 'supertest'
import { generateKeySet } from '../../src/api-token/key-file.ts'
import { createKeyRing } from '../../src/api-token/key-ring.ts'
import { type PrivateKeySet, parseKeySet } from '../../src/api-token/key-set.ts'
import { createIssueToken } from '../../src/api-token/service-token.ts'
import { member } from './token-room.ts'

const recipes = join(import.meta.dirname, '../../docs/recipes')

/** The first block of a language in a recipe: the code that readers copy. */
function codeOf(recipe: string, language: string): string {
  const text = readFileSync(join(recipes, recipe), 'utf8')
  const code = new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``).exec(text)?.[1]
  if (!code) throw new Error(`${recipe} has no ${language}`)
  return code
}

let keyServer: Server
let issuer: string
let folder: string
let keys: PrivateKeySet
let tokens: Record<string, string>

beforeAll(async () => {
  keys = (await parseKeySet(JSON.stringify(await generateKeySet()))).keys
  const clock = Date.now
  const ring = createKeyRing(keys, { lifetimeMs: 300_000, clock })
  keyServer = createServer((req, res) => {
    const known = req.url === '/.well-known/jwks.json'
    res.writeHead(known ? 200 : 404, { 'Content-Type': 'application/json', Connection: 'close' })
    res.end(JSON.stringify(known ? ring.jwks() : {}))
  })
  await new Promise<void>((resolve) => keyServer.listen(0, '127.0.0.1', resolve))
  issuer = `http://127.0.0.1:${(keyServer.address() as AddressInfo).port}`
  // Inside the project, so that the recipe finds its packages.
  const cache = join(import.meta.dirname, '../../node_modules/.cache')
  mkdirSync(cache, { recursive: true })
  folder = mkdtempSync(join(cache, 'recipes-'))

  const issueWith = (options: { issuer?: string; at?: number } = {}) =>
    createIssueToken(
      ring,
      { issuer: options.issuer ?? issuer, lifetimeMs: 300_000 },
      () => options.at ?? clock(),
    )
  const subject = member()
  const { token: good } = await issueWith()(subject, 'handle', issuer)
  const { alg = '', kid = '', key } = keys[0] ?? {}
  const claims = decodeJwt(good)
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  tokens = {
    good,
    'for another audience': (await issueWith()(subject, 'handle', 'https://other.example')).token,
    'of another issuer': (await issueWith({ issuer: 'https://evil.example' })(subject, 'handle', issuer))
      .token,
    expired: (await issueWith({ at: Date.now() - 310_000 })(subject, 'handle', issuer)).token,
    'of another type': await new SignJWT(claims)
      .setProtectedHeader({ alg, kid, typ: 'JWT' })
      .sign(key as CryptoKey),
    'with alg none': `${part({ alg: 'none', typ: 'at+jwt', kid })}.${part(claims)}.`,
    // The public key, which everybody has, as if it were a shared secret.
    'with HS256 by the public key': await new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', kid })
      .sign(new TextEncoder().encode(JSON.stringify(keys[0]?.published))),
    'that was changed': good.replace(/\.[^.]+\./, `.${part({ ...claims, sub: 'somebody else' })}.`),
    'that is none': 'nonsense',
  }
})

afterAll(() => {
  keyServer.close()
  rmSync(folder, { recursive: true })
})

const refused = [
  'for another audience',
  'of another issuer',
  'expired',
  'of another type',
  'with alg none',
  'with HS256 by the public key',
  'that was changed',
  'that is none',
]

describe('the Express recipe', () => {
  async function api() {
    const file = join(folder, 'verify-token.mjs')
    writeFileSync(file, codeOf('express.md', 'js'))
    process.env['COATCHECK_URL'] = issuer
    const { requireUser } = (await import(file)) as { requireUser: RequestHandler }
    delete process.env['COATCHECK_URL']
    return express().get('/api/me', requireUser, (req, res) => {
      res.json((req as typeof req & { user: object }).user)
    })
  }

  it('lets a member in', async () => {
    const { body } = await request(await api())
      .get('/api/me')
      .auth(tokens['good'] as string, { type: 'bearer' })
      .expect(200)
    expect(body).toMatchObject({ sub: member().user.id, nickname: '민지' })
  })

  it.each(refused)('refuses a token %s', async (kind) => {
    await request(await api())
      .get('/api/me')
      .auth(tokens[kind] as string, { type: 'bearer' })
      .expect(401)
      .expect('WWW-Authenticate', /invalid_token/)
  })

  it('refuses a call without a token', async () => {
    await request(await api())
      .get('/api/me')
      .expect(401)
  })
})

function python(): string | undefined {
  return ['/usr/bin/python3', 'python3'].find((program) => {
    try {
      execFileSync(program, ['-c', 'import jwt, cryptography'], { stdio: 'ignore' })
      return true
    } catch {
      return false
    }
  })
}

// Where the machine has PyJWT (Debian: python3-jwt).
const program = python()
const withPython = program ? describe : describe.skip

const verifyAll = `
import json, sys
import jwt, coatcheck_token

def verdict(token):
    try:
        return coatcheck_token.verify(token)
    except jwt.PyJWTError as error:
        return type(error).__name__

print(json.dumps({kind: verdict(token) for kind, token in json.loads(sys.argv[1]).items()}))
`

withPython('the FastAPI and Django recipes, by PyJWT', () => {
  it('let a member in and refuse every other token', async () => {
    writeFileSync(join(folder, 'coatcheck_token.py'), codeOf('fastapi.md', 'python'))
    const args = ['-c', verifyAll, JSON.stringify(tokens)]
    const env = { COATCHECK_URL: issuer, PYTHONDONTWRITEBYTECODE: '1' }
    const { stdout } = await promisify(execFile)(program as string, args, { cwd: folder, env })
    expect(JSON.parse(stdout)).toEqual({
      good: expect.objectContaining({ sub: member().user.id, nickname: '민지', client_id: 'coatcheck' }),
      'for another audience': 'InvalidAudienceError',
      'of another issuer': 'InvalidIssuerError',
      expired: 'ExpiredSignatureError',
      'of another type': 'InvalidTokenError',
      'with alg none': 'InvalidAlgorithmError',
      'with HS256 by the public key': 'InvalidAlgorithmError',
      'that was changed': 'InvalidSignatureError',
      'that is none': 'DecodeError',
    })
  })
})

describe('the published keys', () => {
  it('are all that a verifier needs', () => {
    expect(() => createLocalJWKSet({ keys: keys.map(({ published }) => published) })).not.toThrow()
  })
})
