import type { TokenKind } from '../api-token/api-tokens.ts'

/** Everything the environment says, read once, checked and frozen (CONTRACT §2). Durations in ms, sizes in bytes. */
export interface Config {
  readonly public: PublicConfig
  readonly listen: { readonly port: number; readonly host: string }
  /** Addresses or CIDRs whose X-Forwarded-For is believed. */
  readonly trustProxy: readonly string[]
  readonly dataDir: string
  readonly session: SessionConfig
  readonly redis: RedisConfig | undefined
  readonly signup: SignupConfig
  readonly database: DatabaseConfig
  /** In the order of PROVIDERS. */
  readonly providers: readonly ProviderConfig[]
  readonly kakaoAdminKey: string | undefined
  readonly routes: readonly RouteConfig[]
  /** To one target, of one process; undefined: no limit. */
  readonly upstreamConnections: number | undefined
  readonly serviceToken: ServiceTokenConfig
  readonly tokenExchange: TokenExchangeConfig | undefined
  readonly spa: SpaConfig
  /** Directives that replace or extend the default policy; undefined: the default alone. */
  readonly contentSecurityPolicy: ReadonlyMap<string, readonly string[]> | undefined
  /** undefined: off. */
  readonly rateLimit: { readonly requests: number; readonly windowMs: number } | undefined
  readonly ops: { readonly port: number | undefined; readonly host: string }
  readonly log: { readonly level: LogLevel; readonly format: 'json' | 'pretty' }
  readonly workers: number
  readonly shutdownTimeoutMs: number
}

export interface PublicConfig {
  /** `https://app.example`: scheme, host and port, no path. Every absolute URL is built from it. */
  readonly origin: string
  /** Its host and port, as a Host header would have it. */
  readonly host: string
  readonly secure: boolean
  readonly loopback: boolean
}

export interface SessionConfig {
  /** Newest first; the first signs and seals. undefined: generated in DATA_DIR. */
  readonly secrets: readonly string[] | undefined
  readonly idleTimeoutMs: number
  readonly absoluteTimeoutMs: number
  /** Without the `__Host-` prefix. */
  readonly cookieName: string
  readonly sameSite: 'strict' | 'lax'
  readonly limit: number
}

export interface RedisConfig {
  readonly mode: 'single' | 'cluster' | 'sentinel'
  readonly urls: readonly string[]
  readonly sentinelMaster: string | undefined
  readonly prefix: string
  /** A read's deadline, ms; a write has four times as much. */
  readonly timeoutMs: number
}

export interface SignupConfig {
  readonly mode: 'form' | 'auto' | 'closed'
  /** Path of a JSON Schema; undefined: the built-in one. */
  readonly schemaPath: string | undefined
  readonly timeoutMs: number
}

export type DatabaseConfig =
  | { readonly kind: 'sqlite'; readonly path: string }
  | { readonly kind: 'postgres'; readonly url: string }

/** A provider as configured; presets for kakao, naver and google are the providers room's own. */
export interface ProviderConfig {
  readonly id: string
  readonly name: string | undefined
  readonly clientId: string
  readonly clientSecret: string
  readonly scope: string | undefined
  readonly issuer: string | undefined
  /** What the provider logout carries besides the client id; undefined: no token. */
  readonly logoutHint?: 'id_token' | undefined
  readonly endpoints: ProviderEndpoints
}

export interface ProviderEndpoints {
  readonly authorization?: string
  readonly token?: string
  readonly userinfo?: string
  readonly jwks?: string
  readonly revocation?: string
  readonly endSession?: string
  readonly unlink?: string
}

export interface RouteConfig {
  /** `/api`: no trailing slash, matched on whole segments, percent-decoded. */
  readonly path: string
  /** http or https; its path goes in front. */
  readonly target: string
  readonly auth: 'required' | 'optional' | 'none'
  readonly stripPrefix: boolean
  /** undefined: all. */
  readonly methods: readonly string[] | undefined
  readonly timeoutMs: number
  /** How long a body may pause, in either direction; an event stream may for ever. */
  readonly idleMs: number
  readonly websocket: boolean
  readonly maxBodyBytes: number | undefined
  readonly cookies: 'none' | 'others'
  readonly setCookie: boolean
  readonly csrf: boolean
  readonly token: TokenKind | 'none'
  readonly audience: string
  readonly maxAuthAgeMs: number | undefined
  /** Client headers that pass although upstreams take them for a client's address or identity. */
  readonly headers: readonly string[] | undefined
  readonly sandbox: boolean
}

export interface ServiceTokenConfig {
  /** Path of a JWK Set with private keys; undefined: generated in DATA_DIR, or `secret`. */
  readonly keysPath: string | undefined
  readonly secret: string | undefined
  readonly issuer: string
  readonly audience: string
  readonly lifetimeMs: number
}

export interface TokenExchangeConfig {
  readonly url: string
  readonly clientId: string
  readonly clientSecret: string
  readonly audience: string | undefined
}

export interface SpaConfig {
  readonly dir: string | undefined
  readonly devUrl: string | undefined
  readonly homePath: string
  readonly loginPath: string
  readonly signupPath: string
}

export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent'
