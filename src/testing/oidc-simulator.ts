import { randomUUID } from 'node:crypto'
import { type Answer, html, json, redirect, type SimulatedRequest } from './answer.ts'
import type { Holder } from './authority.ts'
import { errorPage } from './consent-page.ts'
import { bearerToken, isClient } from './credentials.ts'
import type { Endpoint, Look, Site, Surface } from './surface.ts'

const hour = 60 * 60_000

/** A minimal OpenID Connect issuer under any id: what a provider by configuration alone looks like. */
export function oidcSimulator(id: string): Surface {
  const look: Look = {
    name: { ko: id, en: id },
    background: '#374151',
    foreground: '#ffffff',
    page: '#f3f4f6',
  }
  return {
    id,
    look,
    lifetimes: { accessTokenMs: hour, refreshTokenMs: 30 * 24 * hour },
    newSubject: () => randomUUID(),
    regular: '7d3f3c1e-8f0e-4a43-9d52-5a1c7b1f0c11',
    env: (origin) => ({ ISSUER: origin }),
    endpoints: (site): Endpoint[] => [
      {
        name: 'metadata',
        methods: ['GET'],
        path: '/.well-known/openid-configuration',
        answer: () => json(metadata(site.origin)),
      },
      {
        name: 'authorization',
        methods: ['GET', 'POST'],
        path: '/authorize',
        answer: (request) => authorize(site, look, request),
      },
      { name: 'token', methods: ['POST'], path: '/token', answer: (request) => token(site, look, request) },
      { name: 'jwks', methods: ['GET'], path: '/jwks', answer: () => json(site.idTokens.jwks()) },
      { name: 'userinfo', methods: ['GET'], path: '/userinfo', answer: (request) => userinfo(site, request) },
      { name: 'revocation', methods: ['POST'], path: '/revoke', answer: (request) => revoke(site, request) },
      {
        name: 'end-session',
        methods: ['GET'],
        path: '/logout',
        answer: (request) => logout(site, look, request),
      },
    ],
  }
}

function metadata(origin: string) {
  return {
    issuer: origin,
    authorization_endpoint: `${origin}/authorize`,
    token_endpoint: `${origin}/token`,
    userinfo_endpoint: `${origin}/userinfo`,
    jwks_uri: `${origin}/jwks`,
    revocation_endpoint: `${origin}/revoke`,
    end_session_endpoint: `${origin}/logout`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
    id_token_signing_alg_values_supported: ['RS256'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
    backchannel_logout_supported: true,
    backchannel_logout_session_supported: true,
  }
}

function authorize(site: Site, look: Look, request: SimulatedRequest): Answer {
  const { query } = request
  const redirectUri = query.get('redirect_uri')
  if (query.get('client_id') !== site.clientId || !site.isRegistered(redirectUri))
    return html(errorPage(look, 'invalid_request'), 400)
  const back = { state: query.get('state') ?? '', iss: site.origin }
  return site.askPerson(request, {
    redirectUri,
    allow: (person, down) => ({
      ...back,
      code: site.authority.issueCode({
        person,
        down,
        redirectUri,
        scope: query.get('scope') ?? '',
        nonce: query.get('nonce') ?? undefined,
        challenge: query.get('code_challenge') ?? undefined,
      }),
    }),
    deny: { error: 'access_denied', ...back },
  })
}

async function token(site: Site, look: Look, request: SimulatedRequest): Promise<Answer> {
  const { form } = request
  if (!isClient(site, request)) return json({ error: 'invalid_client' }, 401)
  if (form.get('grant_type') === 'refresh_token') {
    const known = site.authority.refreshable(form.get('refresh_token'))
    if (!known) return json({ error: 'invalid_grant' }, 400)
    // Rotation (RFC 9700 §4.14.2).
    site.authority.revoke(form.get('refresh_token'))
    return json(await tokens(site, known.holder))
  }
  const redeemed = site.authority.redeem(form.get('code') ?? '', {
    redirectUri: form.get('redirect_uri') ?? '',
    verifier: form.get('code_verifier'),
  })
  if (redeemed.ok) return json(await tokens(site, redeemed.holder))
  if (redeemed.reason === 'down') return html(errorPage(look, '503 Service Unavailable'), 503)
  return json({ error: 'invalid_grant' }, 400)
}

async function tokens(site: Site, holder: Holder) {
  const { person, nonce, authTime, scope } = holder
  const { accessToken, refreshToken } = site.authority.issueTokens(holder, {
    refresh: scope.split(' ').includes('offline_access'),
  })
  const iat = Math.floor(site.clock() / 1000)
  const claims = {
    iss: site.origin,
    aud: site.clientId,
    sub: person.subject,
    sid: `sid-${person.subject}-${authTime}`,
    iat,
    exp: iat + 3600,
    auth_time: authTime,
    ...(nonce !== undefined && { nonce }),
  }
  return {
    access_token: accessToken,
    token_type: 'Bearer',
    expires_in: 3600,
    ...(refreshToken && { refresh_token: refreshToken }),
    id_token: await site.idToken(claims),
    scope,
  }
}

function userinfo(site: Site, request: SimulatedRequest): Answer {
  const holder = site.authority.holder(bearerToken(request))
  if (!holder)
    return json({ error: 'invalid_token' }, 401, { 'www-authenticate': 'Bearer error="invalid_token"' })
  const { subject, nickname, email, emailVerified, sharesEmail, picture } = holder.person
  return json({
    sub: subject,
    nickname,
    ...(sharesEmail && email !== undefined && { email, email_verified: emailVerified }),
    ...(picture !== undefined && { picture }),
  })
}

/** RFC 7009 §2.2: an unknown token is a success. */
function revoke(site: Site, request: SimulatedRequest): Answer {
  if (!isClient(site, request)) return json({ error: 'invalid_client' }, 401)
  site.authority.revoke(request.form.get('token'))
  return { status: 200, headers: {}, body: '' }
}

/** RP-Initiated Logout 1.0, for somebody who has already agreed. */
function logout(site: Site, look: Look, { query }: SimulatedRequest): Answer {
  const returnTo = query.get('post_logout_redirect_uri')
  if (query.get('client_id') !== site.clientId || !site.mayReturnTo(returnTo))
    return html(errorPage(look, 'invalid_request'), 400)
  return redirect(new URL(returnTo))
}
