import { randomBytes } from 'node:crypto'
import { type Answer, html, json, type SimulatedRequest } from './answer.ts'
import type { Holder } from './authority.ts'
import { errorPage } from './consent-page.ts'
import { isPostedClient } from './credentials.ts'
import { naverNotice, naverProfile, naverRevoke } from './naver-api.ts'
import type { Endpoint, Look, Site, Surface } from './surface.ts'

// Evidence: [D] Naver's own guide, [O] seen in several public code bases or logs, [1] seen once, [M] from memory, unverified.

const look: Look = {
  name: { ko: '네이버', en: 'Naver' },
  background: '#03C75A',
  foreground: '#0b1f14',
  page: '#f5f6f7',
}

const hour = 60 * 60_000

/** Naver: OAuth 2.0 under /oauth2.0, OpenID Connect under /oauth2, one profile call for both. */
export const naverSimulator: Surface = {
  id: 'naver',
  look,
  // [D] 3600 s; [M] a refresh token is said to live a year.
  lifetimes: { accessTokenMs: hour, refreshTokenMs: 365 * 24 * hour },
  // [D] BASE64-like, up to 64 characters, case-sensitive.
  newSubject: () => randomBytes(32).toString('base64'),
  regular: 'cmVndWxhci12aXNpdG9yLW9mLXRoZS1zaW11bGF0b3I=',
  env: (origin) => ({
    AUTHORIZATION_ENDPOINT: `${origin}/oauth2.0/authorize`,
    TOKEN_ENDPOINT: `${origin}/oauth2.0/token`,
    USERINFO_ENDPOINT: `${origin}/v1/nid/me`,
    REVOCATION_ENDPOINT: `${origin}/oauth2.0/revoke`,
  }),
  endpoints: (site): Endpoint[] => [
    ...(['/oauth2.0', '/oauth2'] as const).flatMap((base): Endpoint[] => [
      {
        name: 'authorization',
        methods: ['GET', 'POST'],
        path: `${base}/authorize`,
        answer: (request) => authorize(site, request),
      },
      {
        name: 'token',
        // [D] The OIDC surface takes POST only.
        methods: base === '/oauth2' ? ['POST'] : ['GET', 'POST'],
        path: `${base}/token`,
        answer: (request) => token(site, request, base === '/oauth2'),
      },
    ]),
    { name: 'jwks', methods: ['GET'], path: '/oauth2/jwks', answer: () => json(site.idTokens.jwks()) },
    {
      name: 'userinfo',
      methods: ['GET', 'POST'],
      path: '/v1/nid/me',
      answer: (request) => naverProfile(site, request),
    },
    {
      name: 'revocation',
      methods: ['POST'],
      path: '/oauth2.0/revoke',
      answer: (request) => naverRevoke(site, request),
    },
  ],
  unlinkNotice: naverNotice,
}

/** The variables that turn NAVER to its OpenID Connect surface. */
export function naverOidcEnv(origin: string): Readonly<Record<string, string>> {
  return {
    NAVER_ISSUER: origin,
    NAVER_AUTHORIZATION_ENDPOINT: `${origin}/oauth2/authorize`,
    NAVER_TOKEN_ENDPOINT: `${origin}/oauth2/token`,
    NAVER_JWKS_URI: `${origin}/oauth2/jwks`,
  }
}

/** [D] An unknown client or address: a page of Naver's own. `state` is required. */
function authorize(site: Site, request: SimulatedRequest): Answer {
  const { query, path } = request
  const redirectUri = query.get('redirect_uri')
  const state = query.get('state')
  if (query.get('client_id') !== site.clientId || !site.isRegistered(redirectUri) || !state)
    return html(errorPage(look, 'invalid_request'), 400)
  const oidc = path.startsWith('/oauth2/')
  return site.askPerson(request, {
    redirectUri,
    allow: (person, down) => ({
      code: site.authority.issueCode({
        person,
        down,
        redirectUri,
        scope: oidc ? (query.get('scope') ?? '') : '',
        nonce: query.get('nonce') ?? undefined,
        // [D] PKCE on the OIDC surface only.
        challenge: oidc ? (query.get('code_challenge') ?? undefined) : undefined,
      }),
      state,
    }),
    // [O]
    deny: { error: 'access_denied', error_description: 'Canceled By User', state },
  })
}

async function token(site: Site, { query, form }: SimulatedRequest, oidc: boolean): Promise<Answer> {
  const given = new URLSearchParams([...query, ...form])
  // [1] Measured on the OIDC endpoint.
  if (!isPostedClient(site, given))
    return json({ error: 'invalid_client', error_description: 'client not found' }, 401)
  if (given.get('grant_type') === 'refresh_token') {
    const known = site.authority.refreshable(given.get('refresh_token'))
    // [D] No refresh token comes back: the old one stays.
    return known ? json(await tokens(site, known.holder, { refresh: false, oidc: false })) : noSession()
  }
  // [D] `state` is documented as required here too; whether Naver insists is not known, this simulator does.
  if (!given.get('state')) return json({ error: 'invalid_request', error_description: 'state is missing' })
  const redeemed = site.authority.redeem(given.get('code') ?? '', {
    redirectUri: given.get('redirect_uri'),
    verifier: given.get('code_verifier'),
  })
  if (redeemed.ok) return json(await tokens(site, redeemed.holder, { refresh: true, oidc }))
  return redeemed.reason === 'down' ? html(errorPage(look, '503 Service Unavailable'), 503) : noSession()
}

/** [O] Used, expired and foreign codes: an error in a 200. */
function noSession(): Answer {
  return json({ error: 'invalid_request', error_description: 'no valid data in session' })
}

/** [D] `expires_in` is a string in the sample, whatever the table next to it says. */
async function tokens(site: Site, holder: Holder, { refresh, oidc }: { refresh: boolean; oidc: boolean }) {
  const { accessToken, refreshToken } = site.authority.issueTokens(holder, { refresh })
  return {
    access_token: accessToken,
    ...(refreshToken && { refresh_token: refreshToken }),
    ...(oidc && { id_token: await site.idToken(claims(site, holder)) }),
    token_type: 'bearer',
    expires_in: '3600',
  }
}

/** [1] No e-mail, no profile; a nonce that ends in `A` loses that letter. */
function claims(site: Site, { person, nonce }: Holder) {
  const iat = Math.floor(site.clock() / 1000)
  return {
    iss: site.origin,
    aud: site.clientId,
    azp: site.clientId,
    sub: person.subject,
    jti: randomBytes(16).toString('hex'),
    iat,
    exp: iat + 3600,
    ...(nonce !== undefined && { nonce: nonce.replace(/A$/, '') }),
  }
}
