import express, { type Router } from 'express'
import type { PublishedKeys } from './api-token/api-tokens.ts'
import { Problem } from './http/problem.ts'
import { refuseOtherMethods } from './login/navigation.ts'

export interface WellKnownOptions {
  readonly keys: PublishedKeys
  readonly issuer: string
  readonly publicOrigin: string
}

/**
 * What APIs need to verify our tokens: the public keys (RFC 7517 §5) and metadata that name them (RFC 8414 §3).
 * With a shared secret there is nothing to publish: not found.
 */
export function createWellKnown({ keys, issuer, publicOrigin }: WellKnownOptions): Router {
  const router = express.Router({ caseSensitive: true, strict: true })
  const metadata = {
    issuer,
    jwks_uri: `${publicOrigin}/.well-known/jwks.json`,
    response_types_supported: [],
    grant_types_supported: [],
  }

  const cacheControl = 'public, max-age=300'
  router
    .route('/jwks.json')
    .get((_req, res) => {
      res.set('Cache-Control', cacheControl).json(published(keys))
    })
    .all(refuseOtherMethods('GET, HEAD'))
  router
    .route('/oauth-authorization-server')
    .get((_req, res) => {
      published(keys)
      res.set('Cache-Control', cacheControl).json(metadata)
    })
    .all(refuseOtherMethods('GET, HEAD'))
  return router
}

function published(keys: PublishedKeys): object {
  const set = keys.jwks()
  if (!set) throw new Problem('not-found')
  return set
}
