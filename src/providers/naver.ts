import { randomBytes } from 'node:crypto'
import type { ProviderEndpoints } from '../config/config.ts'
import type { ProviderDefinition } from './definition.ts'
import { objectOrEmpty } from './exact-json.ts'
import { readNaverNotice } from './naver-notice.ts'
import { type Person, text } from './person.ts'

const issuer = 'https://nid.naver.com'

const account: ProviderEndpoints = {
  userinfo: 'https://openapi.naver.com/v1/nid/me',
  revocation: 'https://nid.naver.com/oauth2.0/revoke',
}

/** What both of Naver's surfaces share: https://developers.naver.com/docs/login/api/api.md */
const shared = {
  name: 'Naver',
  stateInTokenRequest: true,
  intents: {
    login: {},
    reauthenticate: { auth_type: 'reauthenticate' },
    reconsent: { auth_type: 'reprompt' },
  },
  profile: {
    from: 'api',
    person,
    failure: (body) => (hasCode(body, '024') ? 'profile-unusable' : undefined),
  },
  // Used, expired and foreign codes come as `invalid_request`, "no valid data in session".
  errorCodes: { invalid_request: 'code-rejected' },
  revocationUnlinks: true,
  readUnlinkNotice: readNaverNotice,
} as const satisfies Partial<ProviderDefinition>

/** Naver's OAuth 2.0 surface: no ID token, no PKCE. */
export const naver: ProviderDefinition = {
  ...shared,
  issuer,
  endpoints: {
    ...account,
    authorization: 'https://nid.naver.com/oauth2.0/authorize',
    token: 'https://nid.naver.com/oauth2.0/token',
  },
  pkce: false,
}

/** Naver's OpenID Connect surface: other addresses, the same profile call. */
export const naverOidc: ProviderDefinition = {
  ...shared,
  issuer,
  endpoints: {
    ...account,
    authorization: 'https://nid.naver.com/oauth2/authorize',
    token: 'https://nid.naver.com/oauth2/token',
    jwks: 'https://nid.naver.com/oauth2/jwks',
  },
  scope: 'openid profile',
  pkce: true,
  // A nonce that ends in `A` was seen to come back without it: hexadecimal in lower case has none.
  oidc: { nonce: () => randomBytes(32).toString('hex'), algorithm: 'RS256', provesSignIn: false },
}

/** `/v1/nid/me`: an envelope; only `id` is certain. No address is ever called verified. */
function person(body: Readonly<Record<string, unknown>>): Person | undefined {
  const response = objectOrEmpty(body['response'])
  const subject = text(response['id'])
  if (body['resultcode'] !== '00' || subject === undefined) return undefined
  return {
    subject,
    email: text(response['email']),
    emailVerified: false,
    nickname: text(response['nickname']),
    picture: text(response['profile_image']),
  }
}

/** The API and its gateway have an error body each. */
function hasCode(body: Readonly<Record<string, unknown>>, code: string): boolean {
  return body['resultcode'] === code || body['errorCode'] === code
}
