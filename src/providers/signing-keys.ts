import type { JSONWebKeySet } from 'jose'
import { type Configuration, getJwksCache, setJwksCache } from 'openid-client'
import type { Clock } from '../clock.ts'
import type { BoundedFetch } from './bounded-fetch.ts'
import { ProviderError } from './provider.ts'

/** An issuer's public keys, kept for five minutes between operations. */
export interface SigningKeys {
  /** Gives an operation's client what is known. */
  lend(configuration: Configuration): void
  /** Keeps what an operation's client has fetched. */
  keep(configuration: Configuration): void
  /** The keys, newly fetched if `newerThanMs` old; for tokens that come to us uninvited. @throws ProviderError `unavailable` */
  read(fetch: BoundedFetch, uri: string, newerThanMs?: number): Promise<JSONWebKeySet>
}

const freshMs = 5 * 60_000

export function createSigningKeys(clock: Clock): SigningKeys {
  let newest: { readonly jwks: JSONWebKeySet; readonly at: number } | undefined
  const knownFor = () => (newest ? clock() - newest.at : Number.POSITIVE_INFINITY)

  return {
    lend(configuration) {
      if (!newest || knownFor() >= freshMs) return
      // openid-client asks again for an unknown `kid` only once the keys are a minute old: told that they are,
      // it follows a rotation at once. Only the provider's own answers get here, so nobody can make it ask at will.
      setJwksCache(configuration, { jwks: newest.jwks, uat: Math.floor(Date.now() / 1000) - 60 })
    },
    keep(configuration) {
      const fetched = getJwksCache(configuration)
      if (!fetched || fetched.uat < Math.floor(Date.now() / 1000) - 59) return
      newest = { jwks: fetched.jwks as JSONWebKeySet, at: clock() }
    },
    async read(fetch, uri, newerThanMs = freshMs) {
      if (newest && knownFor() < newerThanMs) return newest.jwks
      const response = await fetch(uri, { headers: { accept: 'application/json' } })
      const jwks: unknown = await response.json().catch(() => undefined)
      if (!response.ok || !isKeySet(jwks)) throw new ProviderError('unavailable', { providerCode: 'jwks' })
      newest = { jwks, at: clock() }
      return jwks
    },
  }
}

function isKeySet(value: unknown): value is JSONWebKeySet {
  return typeof value === 'object' && value !== null && 'keys' in value && Array.isArray(value.keys)
}
