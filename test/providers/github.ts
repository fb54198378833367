import type { ProviderDefinition } from '../../src/providers/definition.ts'

const text = (value: unknown) => (typeof value === 'string' ? value : undefined)

/**
 * GitHub (https://docs.github.com/en/apps/oauth-apps): OAuth 2.0 without ID token, `iss` on callbacks, errors in 200 answers,
 * a numeric id. A definition and nothing else: what adding a provider to coatcheck takes.
 */
export const github: ProviderDefinition = {
  name: 'GitHub',
  issuer: 'https://github.com/login/oauth',
  endpoints: {
    authorization: 'https://github.com/login/oauth/authorize',
    token: 'https://github.com/login/oauth/access_token',
    userinfo: 'https://api.github.com/user',
  },
  scope: 'read:user',
  pkce: true,
  intents: { login: {}, 'select-account': { prompt: 'select_account' } },
  profile: {
    from: 'api',
    person: ({ id, login, name, avatar_url }) =>
      Number.isSafeInteger(id)
        ? { subject: String(id), nickname: text(name) ?? text(login), picture: text(avatar_url) }
        : undefined,
  },
  errorCodes: {
    bad_verification_code: 'code-rejected',
    incorrect_client_credentials: 'misconfigured',
    application_suspended: 'misconfigured',
    redirect_uri_mismatch: 'misconfigured',
  },
}
