import { randomToken } from '../crypto/random.ts'
import type { ProviderDefinition } from './definition.ts'
import { type Person, text } from './person.ts'

/** Any OpenID Connect issuer, by its metadata alone. `id` names the button until the deployment does. */
export function oidcIssuer(id: string, issuer: string): ProviderDefinition {
  return {
    name: id
      .split('-')
      .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
      .join(' '),
    issuer,
    scope: 'openid profile email',
    pkce: true,
    oidc: { nonce: randomToken },
    intents: {
      login: {},
      reauthenticate: { prompt: 'login', max_age: '0' },
      'select-account': { prompt: 'select_account' },
      reconsent: { prompt: 'consent' },
    },
    profile: { from: 'claims', userinfo: true, person },
  }
}

/** OIDC Core §5.1. */
function person(claims: Readonly<Record<string, unknown>>): Person {
  return {
    subject: text(claims['sub']) ?? '',
    email: text(claims['email']),
    emailVerified: claims['email_verified'] === true,
    nickname: text(claims['nickname']) ?? text(claims['name']) ?? username(claims['preferred_username']),
    picture: text(claims['picture']),
  }
}

/** Some issuers sign people in by their e-mail address: nothing to suggest as a public name. */
function username(value: unknown): string | undefined {
  const name = text(value)
  return name?.includes('@') ? undefined : name
}
