import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import Provider, { type Configuration } from 'oidc-provider'
import { createCookieJar } from '../../src/testing/cookie-jar.ts'
import { exchange } from '../../src/testing/http-exchange.ts'

/** A real OpenID Provider (certified), strict: PKCE required, refresh tokens rotate, `iss` on every callback, PAR. */
export interface OidcIssuer {
  readonly issuer: string
  readonly clientId: string
  /** With `private_key_jwt` a private JWK, as JSON. */
  readonly clientSecret: string
  /** The path of every request it saw, with its method. */
  readonly requests: readonly string[]
  readonly provider: Provider
  /** Whoever comes to its pages from now on signs in as `accountId` and consents; `nobody` says no. */
  signInAs(accountId: string): void
  /** Tells the client that the account's session, by its `sid` in ID tokens, has ended. */
  logOut(accountId: string, sid: string): Promise<void>
  /** Walks from an authorization URL to the callback, signing in as `accountId` and consenting; the callback's URL. */
  walk(authorizationUrl: URL, accountId: string): Promise<URL>
  close(): Promise<void>
}

export interface OidcIssuerOptions {
  readonly redirectUri: string
  readonly clientAuth?: 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt'
  readonly pushed?: boolean
}

export async function startOidcIssuer(options: OidcIssuerOptions): Promise<OidcIssuer> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const client = newClient(options)
  const provider = quietly(() => new Provider(issuer, configuration(client, options)))
  const handle = provider.callback()
  const requests: string[] = []
  let account = ''
  server.on('request', (req, res) => {
    requests.push(`${req.method} ${req.url?.split('?')[0]}`)
    if (req.url?.startsWith('/interaction/')) void decide(provider, { req, res, account })
    else void handle(req, res)
  })

  return {
    issuer,
    clientId: client.clientId,
    clientSecret: client.clientSecret,
    requests,
    provider,
    signInAs(accountId) {
      account = accountId
    },
    async logOut(accountId, sid) {
      const found = await provider.Client.find(client.clientId)
      await (found as unknown as BackchannelClient).backchannelLogout(accountId, sid)
    },
    async walk(authorizationUrl, accountId) {
      account = accountId
      const jar = createCookieJar(Date.now)
      let url = authorizationUrl
      for (let hop = 0; hop < 20 && url.origin === issuer; hop++) {
        const cookie = jar.header({ url, sameSite: true, topLevelSafe: true })
        const headers = { accept: 'text/html', ...(cookie !== undefined && { cookie }) }
        const answer = await exchange({ url, method: 'GET', headers })
        for (const line of answer.headers['set-cookie'] ?? []) jar.store(line, url)
        if (!answer.headers.location) throw new Error(`${answer.status} at ${url.pathname}: ${answer.body}`)
        url = new URL(answer.headers.location, url)
      }
      return url
    },
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

/** What the provider's types leave out. */
interface BackchannelClient {
  backchannelLogout(sub: string, sid: string): Promise<void>
}

interface Client {
  readonly clientId: string
  readonly clientSecret: string
  /** The issuer's half: a secret, or a public key. */
  readonly registered: { client_secret: string } | { jwks: { keys: JsonWebKey[] } }
}

function newClient({ clientAuth }: OidcIssuerOptions): Client {
  const clientId = 'coatcheck'
  if (clientAuth !== 'private_key_jwt') {
    const clientSecret = 'a-secret-of-some-length-0123456789'
    return { clientId, clientSecret, registered: { client_secret: clientSecret } }
  }
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const clientSecret = JSON.stringify({ ...privateKey.export({ format: 'jwk' }), kid: 'ours' })
  const keys = [{ ...publicKey.export({ format: 'jwk' }), kid: 'ours' } as JsonWebKey]
  return { clientId, clientSecret, registered: { jwks: { keys } } }
}

/**
 * Without its advice for production: in-memory storage and made-up keys are what a test wants. Jest's structuredClone
 * makes objects of another realm, which the provider does not take for plain ones.
 */
function quietly<T>(make: () => T): T {
  const { warn } = console
  const { structuredClone } = globalThis
  console.warn = () => {}
  globalThis.structuredClone = (value) => (value === undefined ? value : JSON.parse(JSON.stringify(value)))
  try {
    return make()
  } finally {
    console.warn = warn
    globalThis.structuredClone = structuredClone
  }
}

function configuration(
  { clientId, registered }: Client,
  { redirectUri, clientAuth = 'client_secret_basic', pushed = true }: OidcIssuerOptions,
): Configuration {
  const { origin, pathname } = new URL(redirectUri)
  const id = pathname.split('/').at(-1)
  return {
    clients: [
      {
        client_id: clientId,
        ...registered,
        redirect_uris: [redirectUri],
        post_logout_redirect_uris: [`${origin}/`],
        backchannel_logout_uri: `${origin}/auth/backchannel-logout/${id}`,
        backchannel_logout_session_required: true,
        grant_types: ['authorization_code', 'refresh_token'],
        token_endpoint_auth_method: clientAuth,
      },
    ],
    clientAuthMethods: [clientAuth],
    // Its own would not call loopback.
    fetch: (url, init) => fetch(url, { ...(init as object), dispatcher: undefined } as RequestInit),
    pkce: { required: () => true },
    rotateRefreshToken: true,
    conformIdTokenClaims: true,
    claims: { openid: ['sub'], profile: ['nickname', 'picture'], email: ['email', 'email_verified'] },
    findAccount: (_context, sub) => ({
      accountId: sub,
      claims: () => ({ sub, nickname: `nick-${sub}`, email: `${sub}@example.com`, email_verified: true }),
    }),
    features: {
      devInteractions: { enabled: false },
      revocation: {
        enabled: true,
        allowedPolicy: (_context, client, token) => token.clientId === client.clientId,
      },
      pushedAuthorizationRequests: { enabled: pushed, requirePushedAuthorizationRequests: pushed },
      backchannelLogout: { enabled: true },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource(context, form) {
          context.body = form
        },
      },
    },
    interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
    cookies: { keys: ['of-a-test'] },
    ttl: {
      AccessToken: 600,
      AuthorizationCode: 60,
      Grant: 600,
      IdToken: 600,
      Interaction: 600,
      RefreshToken: 600,
      Session: 600,
    },
  }
}

/** What a person would do on the provider's pages. */
async function decide(
  provider: Provider,
  { req, res, account }: { req: IncomingMessage; res: ServerResponse; account: string },
): Promise<void> {
  const { prompt, params, session, grantId } = await provider.interactionDetails(req, res)
  if (account === 'nobody')
    return provider.interactionFinished(req, res, { error: 'access_denied', error_description: 'no' })
  if (prompt.name === 'login')
    return provider.interactionFinished(req, res, { login: { accountId: account } })
  const known = grantId === undefined ? undefined : await provider.Grant.find(grantId)
  const grant =
    known ??
    new provider.Grant({ accountId: session?.accountId ?? '', clientId: String(params['client_id']) })
  const { missingOIDCScope, missingOIDCClaims } = prompt.details as {
    missingOIDCScope?: string[]
    missingOIDCClaims?: string[]
  }
  if (missingOIDCScope) grant.addOIDCScope(missingOIDCScope.join(' '))
  if (missingOIDCClaims) grant.addOIDCClaims(missingOIDCClaims)
  return provider.interactionFinished(
    req,
    res,
    { consent: { grantId: await grant.save() } },
    { mergeWithLastSubmission: true },
  )
}
