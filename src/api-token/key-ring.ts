import { createHash } from 'node:crypto'
import { type JWTPayload, SignJWT } from 'jose'
import type { Clock } from '../clock.ts'
import type { PublishedKeys } from './api-tokens.ts'
import type { PrivateKeySet } from './key-set.ts'

/** For how long an API may keep the published set: what `Cache-Control: max-age` of `/.well-known/jwks.json` says, ms. */
const cachedForMs = 300_000

/** A new key signs when every cached copy of the set must have it, though instances are reloaded one after another. */
export const settledAfterMs = 2 * cachedForMs

/** Signs tokens and knows which of those in circulation an API can still verify. */
export interface KeyRing extends PublishedKeys {
  sign(claims: JWTPayload): Promise<string>
  /** An API that reads the published keys now can verify it. A token of a withdrawn key is issued anew. */
  knows(token: string): boolean
  /**
   * New keys, in the order of the file. All are published at once, the first signs once it is settled; a key that is
   * gone signs until then and stays published until its last token has expired.
   */
  replace(keys: PrivateKeySet): void
}

interface Signer {
  readonly header: { readonly alg: string; readonly typ: 'at+jwt'; readonly kid: string }
  readonly key: CryptoKey | Uint8Array
  /** How every token of this key begins. */
  readonly prefix: string
}

function signer(alg: string, kid: string, key: CryptoKey | Uint8Array): Signer {
  // RFC 9068 §2.1: typ at+jwt, so that no ID token or other JWT passes for an access token.
  const header = { alg, typ: 'at+jwt', kid } as const
  return { header, key, prefix: `${Buffer.from(JSON.stringify(header)).toString('base64url')}.` }
}

function signWith({ header, key }: Signer, claims: JWTPayload): Promise<string> {
  return new SignJWT(claims).setProtectedHeader(header).sign(key)
}

/** HS256 for one API under the same hands: whoever has the secret can issue tokens, so nothing is published. */
export function createSecretRing(secret: string): KeyRing {
  const kid = createHash('sha256').update(`coatcheck kid ${secret}`).digest('base64url').slice(0, 16)
  const only = signer('HS256', kid, new TextEncoder().encode(secret))
  return {
    sign: (claims) => signWith(only, claims),
    knows: (token) => token.startsWith(only.prefix),
    jwks: () => undefined,
    replace: () => {},
  }
}

/** Asymmetric keys; `lifetimeMs` is the tokens'. Keys of the start sign at once: nobody knows older ones of this ring. */
export function createKeyRing(
  initial: PrivateKeySet,
  options: { lifetimeMs: number; clock: Clock },
): KeyRing {
  const { lifetimeMs, clock } = options
  type Entry = Signer & { published: object; since: number; until: number }
  const enter = (keys: PrivateKeySet, since: number): Entry[] =>
    keys.map(({ alg, kid, key, published }) => ({
      ...signer(alg, kid, key),
      published,
      since,
      until: Number.POSITIVE_INFINITY,
    }))
  let entries = enter(initial, Number.NEGATIVE_INFINITY)
  const live = () => entries.filter(({ until }) => until > clock())

  return {
    async sign(claims) {
      const settled = live().find(({ since }) => since + settledAfterMs <= clock())
      const chosen = settled ?? entries[0]
      if (!chosen) throw new Error('no key to sign with')
      return signWith(chosen, claims)
    },
    knows: (token) => entries.some(({ prefix, until }) => token.startsWith(prefix) && until > clock()),
    jwks: () => ({ keys: live().map(({ published }) => published) }),
    replace(keys) {
      const now = clock()
      const before = new Map(live().map((entry) => [entry.prefix, entry]))
      const fresh = enter(keys, now).map((entry) => ({
        ...entry,
        since: before.get(entry.prefix)?.since ?? now,
      }))
      const kept = new Set(fresh.map(({ prefix }) => prefix))
      const leaving = now + settledAfterMs + lifetimeMs
      const gone = [...before.values()]
        .filter(({ prefix }) => !kept.has(prefix))
        .map((entry) => ({ ...entry, until: Math.min(entry.until, leaving) }))
      entries = [...fresh, ...gone]
    },
  }
}
