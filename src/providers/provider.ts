import type { Grant, Identity } from '../session/session.ts'

export type Intent = 'login' | 'reauthenticate' | 'select-account' | 'reconsent'

/** What one authorization request needs again at its callback. Secret; sealed into the attempt's cookie. */
export interface AuthorizationChecks {
  readonly state: string
  readonly nonce?: string
  readonly codeVerifier?: string
  /** Set for `reauthenticate` where the provider can prove a sign-in: it must be younger than this moment, ms. */
  readonly authenticatedAfter?: number
}

/** A provider's word about one person. */
export interface Vouched {
  readonly identity: Identity
  readonly grant: Grant
  /**
   * When the person last proved who they are, ms: `auth_time`; 0 where the provider can prove that and did not;
   * the callback's time at providers that never prove it.
   */
  readonly authenticatedAt: number
  /** Where the provider logout is to carry it. */
  readonly idToken?: string
}

/** Why a provider did not vouch (PROVIDERS §6): each class has one error code of the public interface. */
export type ProviderFailure =
  | 'denied'
  | 'stale-or-forged'
  | 'code-rejected'
  | 'misconfigured'
  | 'rate-limited'
  | 'unavailable'
  | 'profile-unusable'

/** What openid-client, the network or a provider's answer came to. The message is ours, never the provider's text. */
export class ProviderError extends Error {
  override readonly name = 'ProviderError'
  readonly failure: ProviderFailure
  /** The provider's error code (`invalid_grant`, `KOE320`), cut to safe characters; for logs and metrics. */
  readonly providerCode?: string
  constructor(
    failure: ProviderFailure,
    options: { readonly providerCode?: string; readonly cause?: unknown } = {},
  ) {
    super(`provider: ${failure}`, { cause: options.cause })
    this.failure = failure
    if (options.providerCode !== undefined) this.providerCode = options.providerCode
  }
}

/** Somebody who vouches for people: Kakao, Naver, Google, any OIDC issuer. */
export interface Provider {
  readonly id: string
  /** On the button. */
  readonly name: string
  readonly intents: ReadonlySet<Intent>
  /**
   * A new authorization request. @throws ProviderError `unavailable`, `misconfigured`
   */
  authorize(intent: Intent): Promise<{ readonly url: URL; readonly checks: AuthorizationChecks }>
  /**
   * The callback: checks the whole query, exchanges the code, verifies the ID token, reads the profile.
   * @param query the callback's raw query string, without `?`
   * @throws ProviderError; `signal` bounds all of it
   */
  finish(query: string, checks: AuthorizationChecks, signal: AbortSignal): Promise<Vouched>
  readonly account: ProviderAccount
}

/** A provider logout that is posted, because it carries an ID token. */
export interface LogoutForm {
  readonly action: string
  readonly fields: Readonly<Record<string, string>>
}

/** What can be done at the provider after a login. */
export interface ProviderAccount {
  /**
   * A fresh grant by refresh token; keeps the old refresh token where the answer has none. undefined: there is none to refresh with.
   * @param subject whose grant it is: an ID token of another person in the answer makes it dead
   * @throws ProviderError `code-rejected` when the grant is dead, anything else is transient
   */
  refresh(grant: Grant, signal: AbortSignal, subject?: string): Promise<Grant | undefined>
  /** The browser's way to sign out at the provider (OIDC RP-Initiated Logout; Kakao's own), if there is one. */
  logoutUrl(returnTo: URL, identity: Identity): URL | undefined
  /** The same as a form with `id_token_hint` and a `state`. */
  logoutForm(returnTo: URL, idToken: string): LogoutForm | undefined
  /** Revokes the grant's tokens (RFC 7009) where the provider can; resolves when it cannot. */
  revoke(grant: Grant, signal: AbortSignal): Promise<void>
  /** Ends the connection between the app and the person. False: this provider needs a live token and there is none, or it cannot. */
  unlink(identity: Pick<Identity, 'subject'>, grant: Grant | undefined, signal: AbortSignal): Promise<boolean>
  /** Verifies a `logout_token` (OIDC Back-Channel Logout 1.0 §2.6). @throws ProviderError */
  readLogoutToken?(
    token: string,
    signal: AbortSignal,
  ): Promise<{ readonly jti: string; readonly subject?: string; readonly sid?: string }>
  /** Verifies an unlink notice by the provider's own rules; the subject, or why not. */
  readUnlinkNotice?(notice: UnlinkNotice): UnlinkVerdict
}

export interface UnlinkNotice {
  readonly authorization: string | undefined
  /** Query and form fields together. */
  readonly fields: URLSearchParams
  readonly now: number
}

export type UnlinkVerdict =
  | {
      readonly subject: string
      /** A notice that an eavesdropper could send again: its name, and how long it has to be remembered. */
      readonly once?: { readonly key: string; readonly forMs: number }
    }
  | { readonly refused: 'unauthorized' | 'malformed' }

/** By id, in the order of PROVIDERS. */
export interface Providers {
  readonly all: ReadonlyMap<string, Provider>
  /** Origins that a login or logout form may lead to, for the CSP's form-action; those known so far. */
  formOrigins(): readonly string[]
  close(): Promise<void>
}
