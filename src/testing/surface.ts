import type { JWTPayload } from 'jose'
import type { Answer, SimulatedRequest } from './answer.ts'
import type { Authority } from './authority.ts'
import type { IdTokens } from './id-tokens.ts'
import type { SimulatedPerson } from './personas.ts'

/** One provider as seen from outside: its addresses, its words, its looks. */
export interface Surface {
  readonly id: string
  readonly look: Look
  readonly lifetimes: { readonly accessTokenMs: number; readonly refreshTokenMs: number }
  /** A subject as this provider makes them. */
  newSubject(): string
  /** Somebody who was here before this process began. */
  readonly regular: string
  endpoints(site: Site): readonly Endpoint[]
  /** coatcheck's variables for this provider (after `KAKAO_`), without the client's own. */
  env(origin: string): Readonly<Record<string, string>>
  /** An unlink notice as this provider sends it. */
  unlinkNotice?(site: Site, subject: string): Notice
}

export interface Look {
  readonly name: { readonly ko: string; readonly en: string }
  readonly background: string
  readonly foreground: string
  readonly page: string
}

export interface Notice {
  readonly headers: Readonly<Record<string, string>>
  readonly form: Readonly<Record<string, string>>
}

export interface Endpoint {
  /** For faults and the request log: `authorization`, `token`, `userinfo`, `jwks`, `revocation`, … */
  readonly name: string
  readonly methods: readonly string[]
  readonly path: string
  readonly answer: (request: SimulatedRequest) => Answer | Promise<Answer>
}

/** What a surface's endpoints work with. */
export interface Site {
  readonly origin: string
  readonly clientId: string
  readonly clientSecret: string
  readonly adminKey: string
  readonly clock: () => number
  readonly authority: Authority
  readonly idTokens: IdTokens
  /** Redirect URIs are registered exactly. */
  isRegistered(redirectUri: string | null): redirectUri is string
  /** Where a logout may return to is registered by origin. */
  mayReturnTo(url: string | null): url is string
  /** The consent page, its buttons, or the answer of somebody who is signed in already. */
  askPerson(request: SimulatedRequest, ask: Ask): Answer
  /** Signs an ID token, unless a test wants another one. */
  idToken(claims: JWTPayload): Promise<string>
}

/** What an authorization request comes to once it has been found good: the callback's parameters. */
export interface Ask {
  readonly redirectUri: string
  readonly allow: (person: SimulatedPerson, down: boolean) => Readonly<Record<string, string>>
  readonly deny: Readonly<Record<string, string>>
}
