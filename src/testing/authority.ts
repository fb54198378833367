import { createHash, randomBytes } from 'node:crypto'
import type { SimulatedPerson } from './personas.ts'

/** What a simulated authorization server remembers: codes and tokens, all of them good once and for a while. */
export interface Authority {
  issueCode(request: CodeRequest): string
  /** The code's single use. */
  redeem(code: string, proof: { redirectUri: string | null; verifier: string | null }): Redeemed
  /** `of`: the refresh token that the new access token was got with. */
  issueTokens(holder: Holder, options: { refresh: boolean; of?: string | null }): IssuedTokens
  /** What a bearer token stands for, while it is live. */
  holder(accessToken: string | undefined): Holder | undefined
  /** What a refresh token stands for; `left` ms until it expires. */
  refreshable(refreshToken: string | null): { readonly holder: Holder; readonly leftMs: number } | undefined
  /** Ends a token and everything granted with it. False: nobody knows it. */
  revoke(token: string | null): boolean
  /** The person leaves the app: all tokens end, and consent is asked for again. */
  disconnect(subject: string): boolean
}

export interface CodeRequest {
  readonly person: SimulatedPerson
  readonly redirectUri: string
  readonly scope: string
  readonly nonce?: string | undefined
  readonly challenge?: string | undefined
  /** A refresh token comes with the code's tokens, where that is a matter of the request. */
  readonly offline?: boolean
  /** The provider breaks down when this code comes. */
  readonly down?: boolean
}

export interface Holder {
  readonly person: SimulatedPerson
  readonly scope: string
  readonly nonce?: string | undefined
  readonly offline: boolean
  /** Seconds since the epoch. */
  readonly authTime: number
}

export interface IssuedTokens {
  readonly accessToken: string
  readonly refreshToken?: string
}

export type Redeemed =
  | { readonly ok: true; readonly holder: Holder }
  | { readonly ok: false; readonly reason: 'code' | 'redirect-uri' | 'verifier' | 'down' }

export interface AuthorityOptions {
  readonly clock: () => number
  readonly accessTokenMs: number
  readonly refreshTokenMs: number
}

/** Real life times of codes are not documented. */
const codeMs = 10 * 60_000

export function createAuthority({ clock, accessTokenMs, refreshTokenMs }: AuthorityOptions): Authority {
  const codes = new Map<string, CodeRequest & { readonly at: number }>()
  const access = new Map<string, { holder: Holder; expiresAt: number; refreshToken: string | undefined }>()
  const refresh = new Map<string, { holder: Holder; expiresAt: number }>()
  const token = () => randomBytes(32).toString('base64url')

  function drop(holds: (holder: Holder, token: string, refreshToken?: string) => boolean): boolean {
    const before = access.size + refresh.size
    for (const [key, { holder, refreshToken }] of access)
      if (holds(holder, key, refreshToken)) access.delete(key)
    for (const [key, { holder }] of refresh) if (holds(holder, key)) refresh.delete(key)
    return access.size + refresh.size < before
  }

  return {
    issueCode(request) {
      const code = token()
      codes.set(code, { ...request, at: clock() })
      return code
    },
    redeem(code, { redirectUri, verifier }) {
      const known = codes.get(code)
      codes.delete(code)
      if (!known || clock() - known.at > codeMs) return { ok: false, reason: 'code' }
      if (known.down) return { ok: false, reason: 'down' }
      if (redirectUri !== null && redirectUri !== known.redirectUri)
        return { ok: false, reason: 'redirect-uri' }
      if (known.challenge !== undefined && s256(verifier ?? '') !== known.challenge)
        return { ok: false, reason: 'verifier' }
      const { person, scope, nonce, offline = false, at } = known
      return { ok: true, holder: { person, scope, nonce, offline, authTime: Math.floor(at / 1000) } }
    },
    issueTokens(holder, options) {
      const accessToken = token()
      const refreshToken = options.refresh ? token() : undefined
      access.set(accessToken, {
        holder,
        expiresAt: clock() + accessTokenMs,
        refreshToken: refreshToken ?? options.of ?? undefined,
      })
      if (refreshToken) refresh.set(refreshToken, { holder, expiresAt: clock() + refreshTokenMs })
      return { accessToken, ...(refreshToken && { refreshToken }) }
    },
    holder(accessToken) {
      const known = accessToken === undefined ? undefined : access.get(accessToken)
      return known && known.expiresAt > clock() ? known.holder : undefined
    },
    refreshable(refreshToken) {
      const known = refresh.get(refreshToken ?? '')
      const leftMs = known ? known.expiresAt - clock() : 0
      return known && leftMs > 0 ? { holder: known.holder, leftMs } : undefined
    },
    revoke(given) {
      if (given === null) return false
      const paired = access.get(given)?.refreshToken
      return drop((_holder, key, refreshToken) => key === given || key === paired || refreshToken === given)
    },
    disconnect: (subject) => drop(({ person }) => person.subject === subject),
  }
}

/** RFC 7636 §4.6. */
function s256(verifier: string): string {
  return createHash('sha256').update(verifier).digest('base64url')
}
