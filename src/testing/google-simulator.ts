import { randomInt } from 'node:crypto'
import { type Answer, html, json, type SimulatedRequest } from './answer.ts'
import type { Holder } from './authority.ts'
import { errorPage } from './consent-page.ts'
import { bearerToken, isClient } from './credentials.ts'
import type { Endpoint, Look, Site, Surface } from './surface.ts'

// Evidence: [D] Google's own pages, [O] seen in several public code bases or logs, [1] seen once, [M] from memory, unverified.

const look: Look = {
  name: { ko: 'Google', en: 'Google' },
  background: '#1a73e8',
  foreground: '#ffffff',
  page: '#ffffff',
}

const hour = 60 * 60_000

/** Google: plain OpenID Connect, with `iss` on the callback and scopes rewritten to URLs. */
export const googleSimulator: Surface = {
  id: 'google',
  look,
  lifetimes: { accessTokenMs: hour, refreshTokenMs: 180 * 24 * hour },
  // [D] 21 digits: more than a JavaScript number holds, and always a string.
  newSubject: () => `1${Array.from({ length: 20 }, () => randomInt(10)).join('')}`,
  regular: '108204268033311374519',
  env: (origin) => ({
    ISSUER: origin,
    AUTHORIZATION_ENDPOINT: `${origin}/o/oauth2/v2/auth`,
    TOKEN_ENDPOINT: `${origin}/token`,
    USERINFO_ENDPOINT: `${origin}/v1/userinfo`,
    JWKS_URI: `${origin}/oauth2/v3/certs`,
    REVOCATION_ENDPOINT: `${origin}/revoke`,
  }),
  endpoints(site): Endpoint[] {
    // [O] A refresh token comes with the first consent only.
    const consented = new Set<string>()
    return [
      {
        name: 'authorization',
        methods: ['GET', 'POST'],
        path: '/o/oauth2/v2/auth',
        answer: (request) => authorize(site, request, consented),
      },
      {
        name: 'token',
        methods: ['POST'],
        path: '/token',
        answer: (request) => token(site, request),
      },
      { name: 'jwks', methods: ['GET'], path: '/oauth2/v3/certs', answer: () => json(site.idTokens.jwks()) },
      {
        name: 'userinfo',
        methods: ['GET', 'POST'],
        path: '/v1/userinfo',
        answer: (request) => userinfo(site, request),
      },
      { name: 'revocation', methods: ['POST'], path: '/revoke', answer: (request) => revoke(site, request) },
    ]
  },
}

/** [O] `redirect_uri_mismatch` and unknown clients: a page of Google's own. [O] `iss`, `scope`, `authuser`, `prompt` on success. */
function authorize(site: Site, request: SimulatedRequest, consented: Set<string>): Answer {
  const { query } = request
  const redirectUri = query.get('redirect_uri')
  if (query.get('client_id') !== site.clientId) return html(errorPage(look, 'Error 401: invalid_client'), 401)
  if (!site.isRegistered(redirectUri)) return html(errorPage(look, 'Error 400: redirect_uri_mismatch'), 400)
  const state = query.has('state') ? { state: query.get('state') ?? '' } : {}
  return site.askPerson(request, {
    redirectUri,
    allow(person, down) {
      const first = !consented.has(person.subject) || query.get('prompt')?.includes('consent') === true
      consented.add(person.subject)
      const code = site.authority.issueCode({
        person,
        down,
        redirectUri,
        scope: query.get('scope') ?? '',
        offline: first && query.get('access_type') === 'offline',
        nonce: query.get('nonce') ?? undefined,
        challenge: query.get('code_challenge') ?? undefined,
      })
      const scope = rewritten(query.get('scope') ?? '')
      return { ...state, iss: site.origin, code, scope, authuser: '0', prompt: 'none' }
    },
    // Whether `iss` comes with errors is not known; here it does not.
    deny: { error: 'access_denied', ...state },
  })
}

async function token(site: Site, request: SimulatedRequest): Promise<Answer> {
  const { form } = request
  if (!isClient(site, request))
    return json({ error: 'invalid_client', error_description: 'Unauthorized' }, 401)
  if (form.get('grant_type') === 'refresh_token') {
    const known = site.authority.refreshable(form.get('refresh_token'))
    // [M] the description
    if (!known)
      return json({ error: 'invalid_grant', error_description: 'Token has been expired or revoked.' }, 400)
    return json(await tokens(site, known.holder, { refresh: false, of: form.get('refresh_token') }))
  }
  const redeemed = site.authority.redeem(form.get('code') ?? '', {
    redirectUri: form.get('redirect_uri') ?? '',
    verifier: form.get('code_verifier'),
  })
  if (redeemed.ok) return json(await tokens(site, redeemed.holder, { refresh: redeemed.holder.offline }))
  if (redeemed.reason === 'down') return html(errorPage(look, '503. That’s an error.'), 503)
  if (redeemed.reason === 'redirect-uri')
    return json({ error: 'redirect_uri_mismatch', error_description: 'Bad Request' }, 400)
  return json({ error: 'invalid_grant', error_description: 'Malformed auth code.' }, 400)
}

/** [O] A capital Bearer, and scopes as URLs. */
async function tokens(site: Site, holder: Holder, options: { refresh: boolean; of?: string | null }) {
  const { accessToken, refreshToken } = site.authority.issueTokens(holder, options)
  const iat = Math.floor(site.clock() / 1000)
  const idToken = {
    iss: site.origin,
    azp: site.clientId,
    aud: site.clientId,
    ...claims(holder),
    ...(holder.nonce !== undefined && { nonce: holder.nonce }),
    iat,
    exp: iat + 3599,
  }
  return {
    access_token: accessToken,
    expires_in: 3599,
    ...(refreshToken && { refresh_token: refreshToken }),
    scope: rewritten(holder.scope),
    token_type: 'Bearer',
    id_token: await site.idToken(idToken),
  }
}

/** [D] `email_verified` is a boolean; `hd` stands for a Workspace domain. */
function claims({ person, scope }: Holder) {
  const { subject, nickname, email, emailVerified, sharesEmail, picture, hostedDomain } = person
  return {
    sub: subject,
    ...(sharesEmail &&
      email !== undefined &&
      scope.includes('email') && { email, email_verified: emailVerified }),
    ...(scope.includes('profile') && { name: nickname, ...(picture !== undefined && { picture }) }),
    ...(hostedDomain !== undefined && { hd: hostedDomain }),
  }
}

/** [1] the error's wording */
function userinfo(site: Site, request: SimulatedRequest): Answer {
  const holder = site.authority.holder(bearerToken(request))
  return holder
    ? json(claims(holder))
    : json({ error: 'invalid_request', error_description: 'Invalid Credentials' }, 401)
}

/** Either token ends both. [M] the error for an unknown one */
function revoke(site: Site, { form }: SimulatedRequest): Answer {
  return site.authority.revoke(form.get('token')) ? json({}) : json({ error: 'invalid_token' }, 400)
}

function rewritten(scope: string): string {
  const urls = scope
    .split(' ')
    .filter((one) => one === 'email' || one === 'profile')
    .map((one) => `https://www.googleapis.com/auth/userinfo.${one}`)
  return ['openid', ...urls].join(' ')
}
