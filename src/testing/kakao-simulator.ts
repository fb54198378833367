import { randomInt } from 'node:crypto'
import { type Answer, html, json, type SimulatedRequest } from './answer.ts'
import type { Holder } from './authority.ts'
import { errorPage, logoutPage } from './consent-page.ts'
import { isPostedClient } from './credentials.ts'
import { kakaoProfile, kakaoUnlink, sharesEmail } from './kakao-api.ts'
import type { Endpoint, Look, Site, Surface } from './surface.ts'

// Evidence: [D] Kakao's own pages, [O] seen in several public code bases or logs, [1] seen once, [M] from memory, unverified.

const look: Look = {
  name: { ko: '카카오', en: 'Kakao' },
  background: '#FEE500',
  foreground: '#191919',
  page: '#f6f6f6',
}

const hour = 60 * 60_000
const month = 30 * 24 * hour

/** Kakao Login: kauth (OAuth 2.0, OIDC) and kapi (profile, unlink) on one origin. */
export const kakaoSimulator: Surface = {
  id: 'kakao',
  look,
  // [O] 21599 s and 5183999 s.
  lifetimes: { accessTokenMs: 6 * hour, refreshTokenMs: 2 * month },
  newSubject: () => String(randomInt(3_000_000_000, 4_999_999_999)),
  regular: '2345678901',
  env: (origin) => ({
    ISSUER: origin,
    SCOPE: 'openid profile_nickname profile_image account_email',
    AUTHORIZATION_ENDPOINT: `${origin}/oauth/authorize`,
    TOKEN_ENDPOINT: `${origin}/oauth/token`,
    USERINFO_ENDPOINT: `${origin}/v2/user/me`,
    JWKS_URI: `${origin}/.well-known/jwks.json`,
    END_SESSION_ENDPOINT: `${origin}/oauth/logout`,
    UNLINK_ENDPOINT: `${origin}/v1/user/unlink`,
  }),
  endpoints: (site): Endpoint[] => [
    {
      name: 'authorization',
      methods: ['GET', 'POST'],
      path: '/oauth/authorize',
      answer: (request) => authorize(site, request),
    },
    { name: 'token', methods: ['POST'], path: '/oauth/token', answer: (request) => token(site, request) },
    {
      name: 'jwks',
      methods: ['GET'],
      path: '/.well-known/jwks.json',
      answer: () => json(site.idTokens.jwks()),
    },
    {
      name: 'userinfo',
      methods: ['GET', 'POST'],
      path: '/v2/user/me',
      answer: (request) => kakaoProfile(site, request),
    },
    {
      name: 'unlink',
      methods: ['POST'],
      path: '/v1/user/unlink',
      answer: (request) => kakaoUnlink(site, request),
    },
    {
      name: 'end-session',
      methods: ['GET'],
      path: '/oauth/logout',
      answer: (request) => logout(site, request),
    },
  ],
  // [D] The admin key is the only proof; [O] POST is form-encoded.
  unlinkNotice: ({ adminKey }, subject) => ({
    headers: { authorization: `KakaoAK ${adminKey}` },
    form: { app_id: '123456', user_id: subject, referrer_type: 'UNLINK_FROM_APPS' },
  }),
}

/** [D] What cannot be sent back becomes a page of Kakao's own: KOE101 unknown key, KOE006 unregistered redirect URI. */
function authorize(site: Site, request: SimulatedRequest): Answer {
  const { query } = request
  const redirectUri = query.get('redirect_uri')
  if (query.get('client_id') !== site.clientId) return html(errorPage(look, 'KOE101'), 400)
  if (!site.isRegistered(redirectUri)) return html(errorPage(look, 'KOE006'), 400)
  const state = query.has('state') ? { state: query.get('state') ?? '' } : {}
  return site.askPerson(request, {
    redirectUri,
    allow: (person, down) => ({
      code: site.authority.issueCode({
        person,
        down,
        redirectUri,
        scope: query.get('scope') ?? 'profile_nickname',
        nonce: query.get('nonce') ?? undefined,
        challenge: query.get('code_challenge') ?? undefined,
      }),
      ...state,
    }),
    // [O]
    deny: { error: 'access_denied', error_description: 'User denied access', ...state },
  })
}

async function token(site: Site, { form }: SimulatedRequest): Promise<Answer> {
  // [O] invalid_client / KOE010 is a 401. [1] Basic is refused.
  if (!isPostedClient(site, form)) return refusal(401, 'invalid_client', 'KOE010', 'Bad client credentials')
  if (form.get('grant_type') === 'refresh_token') return refresh(site, form)
  const code = form.get('code') ?? ''
  const redeemed = site.authority.redeem(code, {
    redirectUri: form.get('redirect_uri') ?? '',
    verifier: form.get('code_verifier'),
  })
  if (redeemed.ok) return json(await tokens(site, redeemed.holder, 'new'))
  if (redeemed.reason === 'down') return html(errorPage(look, '503 Service Unavailable'), 503)
  if (redeemed.reason === 'redirect-uri')
    return refusal(400, 'invalid_grant', 'KOE303', 'Redirect URI mismatch.')
  // [O] The description echoes the code: nobody may log it.
  return refusal(400, 'invalid_grant', 'KOE320', `authorization code not found for code=${code}`)
}

/** [D] A new refresh token comes only when the old one has less than a month left. */
async function refresh(site: Site, form: URLSearchParams): Promise<Answer> {
  const known = site.authority.refreshable(form.get('refresh_token'))
  if (!known) return refusal(400, 'invalid_grant', 'KOE322', 'expired_or_invalid_refresh_token')
  return json(await tokens(site, known.holder, known.leftMs < month ? 'new' : 'kept'))
}

async function tokens(site: Site, holder: Holder, refreshToken: 'new' | 'kept') {
  const { accessToken, refreshToken: issued } = site.authority.issueTokens(holder, {
    refresh: refreshToken === 'new',
  })
  const openid = holder.scope.split(' ').includes('openid')
  return {
    token_type: 'bearer',
    access_token: accessToken,
    ...(openid && { id_token: await site.idToken(claims(site, holder)) }),
    expires_in: 21599,
    ...(issued && { refresh_token: issued, refresh_token_expires_in: 5183999 }),
    scope: [...holder.scope.split(' ')].sort().join(' '),
  }
}

/** [O] `sub` is the member number as a string; there is no email_verified. */
function claims(site: Site, { person, nonce, authTime, scope }: Holder) {
  const iat = Math.floor(site.clock() / 1000)
  return {
    iss: site.origin,
    aud: site.clientId,
    sub: person.subject,
    iat,
    exp: iat + 21599,
    auth_time: authTime,
    ...(nonce !== undefined && { nonce }),
    nickname: person.nickname,
    ...(sharesEmail(person, scope) && { email: person.email }),
  }
}

/** [D] KOE007: an address to return to that is not registered. */
function logout(site: Site, { query }: SimulatedRequest): Answer {
  const returnTo = query.get('logout_redirect_uri')
  if (query.get('client_id') !== site.clientId || !site.mayReturnTo(returnTo))
    return html(errorPage(look, 'KOE007'), 400)
  const url = new URL(returnTo)
  const state = query.get('state')
  if (state !== null) url.searchParams.set('state', state)
  return html(logoutPage(look, url.href))
}

function refusal(status: number, error: string, code: string, description: string): Answer {
  return json({ error, error_description: description, error_code: code }, status)
}
