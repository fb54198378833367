import { randomToken } from '../crypto/random.ts'
import type { ProviderDefinition } from './definition.ts'
import { type Person, text } from './person.ts'

/** Google: https://developers.google.com/identity/openid-connect/openid-connect */
export const google: ProviderDefinition = {
  name: 'Google',
  issuer: 'https://accounts.google.com',
  endpoints: {
    authorization: 'https://accounts.google.com/o/oauth2/v2/auth',
    token: 'https://oauth2.googleapis.com/token',
    userinfo: 'https://openidconnect.googleapis.com/v1/userinfo',
    jwks: 'https://www.googleapis.com/oauth2/v3/certs',
    revocation: 'https://oauth2.googleapis.com/revoke',
  },
  scope: 'openid email profile',
  pkce: true,
  // `auth_time` comes only with the `claims` parameter, and `max_age` is ignored ("ID token claims" on Google's page).
  oidc: { nonce: randomToken, algorithm: 'RS256', provesSignIn: false },
  intents: {
    login: {},
    'select-account': { prompt: 'select_account' },
    reconsent: { prompt: 'consent' },
  },
  // A refresh token comes with the first consent only, unless consent is asked for again.
  offline: { access_type: 'offline', prompt: 'consent' },
  profile: { from: 'claims', userinfo: false, person },
  revocationUnlinks: true,
}

function person(claims: Readonly<Record<string, unknown>>): Person {
  const email = text(claims['email'])
  return {
    subject: text(claims['sub']) ?? '',
    email,
    // Any other address was confirmed once and may have changed hands since ("using the sub value", Google's page on hd).
    emailVerified:
      claims['email_verified'] === true &&
      (text(claims['hd']) !== undefined || email?.toLowerCase().endsWith('@gmail.com') === true),
    nickname: text(claims['name']),
    picture: text(claims['picture']),
  }
}
