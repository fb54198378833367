import type { ProviderEndpoints } from '../config/config.ts'
import type { BoundedFetch } from './bounded-fetch.ts'
import type { JsonObject } from './exact-json.ts'
import type { Person } from './person.ts'
import type { Intent, ProviderFailure, UnlinkNotice, UnlinkVerdict } from './provider.ts'

type Parameters = Readonly<Record<string, string>>

/**
 * All that makes one provider different from another: data and pure mapping functions over one protocol engine.
 * Secrets are not in it; the deployment's endpoints replace those named here one by one.
 */
export interface ProviderDefinition {
  /** On the button, unless configured. */
  readonly name: string
  /** The exact `iss` of ID tokens and callbacks. */
  readonly issuer: string
  /** Absent: from the issuer's metadata (OpenID Connect Discovery 1.0). */
  readonly endpoints?: ProviderEndpoints
  /** Unless configured; absent: the parameter is not sent. */
  readonly scope?: string
  readonly pkce: boolean
  /** Absent: OAuth 2.0 without ID tokens. */
  readonly oidc?: {
    readonly nonce: () => string
    readonly algorithm?: string
    /** False: no `auth_time` of this provider's proves when the person signed in. */
    readonly provesSignIn?: false
  }
  /** What an intent is in this provider's words; an intent that is not here is not possible. */
  readonly intents: Readonly<Partial<Record<Intent, Parameters>>> & { readonly login: Parameters }
  /** Added where API calls need a refresh token. */
  readonly offline?: Parameters
  /** The provider wants the callback's `state` in the token request too. */
  readonly stateInTokenRequest?: boolean
  readonly profile: ProfileSource
  /** Error codes of the provider's own, beside OAuth's. */
  readonly errorCodes?: Readonly<Record<string, ProviderFailure>>
  /** What the end-session endpoint calls the address to return to; absent: `post_logout_redirect_uri`. */
  readonly logoutReturnParameter?: string
  /** Revoking a token ends the whole connection here: right for unlinking, wrong for signing out. */
  readonly revocationUnlinks?: boolean
  /** An unlink call of the provider's own. */
  readonly unlink?: (call: UnlinkCall) => Promise<boolean>
  readonly readUnlinkNotice?: (notice: UnlinkNotice, secrets: NoticeSecrets) => UnlinkVerdict
}

/** Where a person's data come from. */
export type ProfileSource =
  /** ID token claims; with `userinfo`, OIDC Core §5.3 is asked where the ID token says nothing of the person. */
  | { readonly from: 'claims'; readonly userinfo: boolean; readonly person: (claims: JsonObject) => Person }
  /** The provider's own API at the userinfo address, by bearer token. */
  | {
      readonly from: 'api'
      readonly parameters?: Parameters
      /** undefined: the answer holds nobody. */
      readonly person: (body: JsonObject) => Person | undefined
      /** What an answer other than 200 means, where the body says more than the status. */
      readonly failure?: (body: JsonObject) => ProviderFailure | undefined
    }

export interface UnlinkCall {
  readonly fetch: BoundedFetch
  readonly endpoint: string
  readonly subject: string
  readonly accessToken: string | undefined
  readonly adminKey: string | undefined
}

export interface NoticeSecrets {
  readonly clientId: string
  readonly clientSecret: string
  readonly adminKey: string | undefined
}
