import type { HeldToken, MemberSession, OpenSession } from '../session/session.ts'

export type TokenKind = 'service' | 'provider' | 'exchange'

/** What a route's calls carry. `audience` counts for `service` only. */
export interface TokenRequest {
  readonly kind: TokenKind
  readonly audience: string
}

/** What an API call carries: issued here, a provider's, or exchanged. */
export interface ApiTokens {
  /**
   * The bearer token for a member's call, valid for at least 30 s more. Answers without a promise when the session holds one.
   * undefined: the provider's grant is dead and the session has ended (`provider-grant-ended`).
   * `rejected`: the token that the upstream answered 401 to (kinds `provider` and `exchange`): a newer one is fetched once.
   * @throws Problem `token-unavailable`, `session-store-unavailable`
   */
  tokenFor(
    open: OpenSession,
    request: TokenRequest,
    rejected?: string,
  ): string | undefined | Promise<string | undefined>
}

/** Issues service tokens (RFC 9068) for one member. */
export interface ServiceTokenIssuer {
  /** The tokens a new member session starts with: one for the default audience, if any route wants service tokens. */
  initialTokens(
    member: Pick<MemberSession, 'user' | 'identity' | 'authenticatedAt'>,
    handle: string,
  ): Promise<Readonly<Record<string, HeldToken>>>
}

/** What coatcheck publishes about its own tokens, for the APIs; undefined with SERVICE_TOKEN_SECRET. */
export interface PublishedKeys {
  /** RFC 7517 §5, public parts only. */
  jwks(): { readonly keys: readonly object[] } | undefined
}
