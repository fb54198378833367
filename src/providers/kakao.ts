import { equalInConstantTime, randomToken } from '../crypto/random.ts'
import type { ProviderDefinition, UnlinkCall } from './definition.ts'
import { objectOrEmpty, parseExactly } from './exact-json.ts'
import { type Person, text } from './person.ts'
import type { ProviderFailure, UnlinkNotice, UnlinkVerdict } from './provider.ts'
import { ProviderError } from './provider.ts'

/** Kakao Login with OpenID Connect: https://developers.kakao.com/docs/latest/en/kakaologin/rest-api */
export const kakao: ProviderDefinition = {
  name: 'Kakao',
  issuer: 'https://kauth.kakao.com',
  endpoints: {
    authorization: 'https://kauth.kakao.com/oauth/authorize',
    token: 'https://kauth.kakao.com/oauth/token',
    // Not /v1/oidc/userinfo: only this one says whether an e-mail address is still the person's.
    userinfo: 'https://kapi.kakao.com/v2/user/me',
    jwks: 'https://kauth.kakao.com/.well-known/jwks.json',
    endSession: 'https://kauth.kakao.com/oauth/logout',
    unlink: 'https://kapi.kakao.com/v1/user/unlink',
  },
  // A scope that is not switched on in Kakao's console stops every login (KOE205): e-mail and picture are for the deployment to add.
  scope: 'openid profile_nickname',
  pkce: true,
  oidc: { nonce: randomToken, algorithm: 'RS256' },
  intents: {
    login: {},
    reauthenticate: { prompt: 'login' },
    'select-account': { prompt: 'select_account' },
  },
  profile: {
    from: 'api',
    parameters: { secure_resource: 'true' },
    person,
    failure: (body) => apiFailures.get(body['code']),
  },
  errorCodes: {
    KOE009: 'misconfigured',
    KOE010: 'misconfigured',
    KOE101: 'misconfigured',
    KOE303: 'misconfigured',
    KOE237: 'rate-limited',
    KOE320: 'code-rejected',
    KOE322: 'code-rejected',
  },
  logoutReturnParameter: 'logout_redirect_uri',
  unlink,
  readUnlinkNotice: (notice, { adminKey }) => readUnlinkNotice(notice, adminKey),
}

/** `/v2/user/me`: the id is an int64, everything else is there by consent. */
function person(body: Readonly<Record<string, unknown>>): Person | undefined {
  const subject = memberNumber(body['id'])
  if (subject === undefined) return undefined
  const account = objectOrEmpty(body['kakao_account'])
  const profile = objectOrEmpty(account['profile'])
  return {
    subject,
    email: text(account['email']),
    // `is_email_valid: false`: the address belongs to another Kakao account by now.
    emailVerified: account['is_email_valid'] === true && account['is_email_verified'] === true,
    nickname: text(profile['nickname']),
    picture: text(profile['profile_image_url']),
  }
}

function memberNumber(id: unknown): string | undefined {
  if (typeof id === 'number') return Number.isSafeInteger(id) && id > 0 ? String(id) : undefined
  return typeof id === 'string' && /^[1-9]\d*$/.test(id) ? id : undefined
}

/** kapi answers `{"msg","code"}`, without OAuth's `error`: https://developers.kakao.com/docs/latest/en/rest-api/reference */
const apiFailures = new Map<unknown, ProviderFailure>([
  [-1, 'unavailable'],
  [-7, 'unavailable'],
  [-10, 'rate-limited'],
  [-101, 'profile-unusable'],
  [-103, 'profile-unusable'],
  [-401, 'profile-unusable'],
  [-402, 'misconfigured'],
  [-603, 'unavailable'],
])

/** By the admin key for anybody, else by the person's own token. */
async function unlink({ fetch, endpoint, subject, accessToken, adminKey }: UnlinkCall): Promise<boolean> {
  if (adminKey === undefined && accessToken === undefined) return false
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: { authorization: adminKey === undefined ? `Bearer ${accessToken}` : `KakaoAK ${adminKey}` },
    body: new URLSearchParams(
      adminKey === undefined ? {} : { target_id_type: 'user_id', target_id: subject },
    ),
  })
  if (response.ok) return true
  const code = errorCode(await response.text())
  // -101: the person is not connected any more, which is what was asked for.
  if (code === -101) return true
  if (code === -401 && adminKey === undefined) return false
  throw new ProviderError(code === -10 ? 'rate-limited' : 'misconfigured', { providerCode: `kapi${code}` })
}

function errorCode(body: string): number | undefined {
  try {
    const code = objectOrEmpty(parseExactly(body))['code']
    return typeof code === 'number' ? code : undefined
  } catch {
    return undefined
  }
}

/** The unlink webhook. Its only proof is the admin key, so without one configured nobody is believed. */
function readUnlinkNotice(notice: UnlinkNotice, adminKey: string | undefined): UnlinkVerdict {
  if (adminKey === undefined) return { refused: 'unauthorized' }
  if (!equalInConstantTime(notice.authorization ?? '', `KakaoAK ${adminKey}`))
    return { refused: 'unauthorized' }
  const subject = memberNumber(notice.fields.get('user_id') ?? undefined)
  return subject === undefined ? { refused: 'malformed' } : { subject }
}
