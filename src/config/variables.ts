/** A variable that coatcheck reads. `.env.example`, docs/configuration.md and every problem's example come from these tables. */
export interface Variable {
  readonly name: string
  /** What counts when it is not set, in the variable's own grammar. */
  readonly default?: string
  /** In words, where there is no such value; neither: it is simply off. */
  readonly unset?: string
  readonly meaning: string
  /** A value that passes; for a secret, how to make one. */
  readonly example: string
}

export interface VariableGroup {
  readonly title: string
  readonly variables: readonly Variable[]
}

/** For a shell. As it stands it is refused: in a `.env` nobody runs it, and everybody knows it. */
const makeSecret = '"$(npx coatcheck keygen --secret)"'

/** Every variable but the providers' own, in the order in which a person sets things up. */
export const variableGroups = [
  {
    title: 'Where people find it',
    variables: [
      {
        name: 'PUBLIC_URL',
        default: 'http://localhost:3000',
        meaning:
          'The one origin that browsers use: https, unless its host is localhost, *.localhost, 127.0.0.0/8 or [::1]. Every absolute URL is built from it. Under another Host, navigations are sent to it and everything else is refused (421).',
        example: 'https://app.example.com',
      },
      { name: 'PORT', default: '3000', meaning: 'The port it listens on.', example: '3000' },
      {
        name: 'HOST',
        default: '127.0.0.1',
        meaning: 'The address it listens on. The image sets 0.0.0.0.',
        example: '127.0.0.1',
      },
      {
        name: 'TRUST_PROXY',
        unset: 'nobody’s',
        meaning:
          'Addresses or CIDRs, comma-separated, of the proxies in front whose X-Forwarded-For is believed.',
        example: '10.0.0.0/8,192.168.1.7',
      },
      {
        name: 'DATA_DIR',
        default: './data',
        meaning: 'Holds the embedded user database and generated development keys (mode 0600).',
        example: '/var/lib/coatcheck',
      },
    ],
  },
  {
    title: 'Sessions',
    variables: [
      {
        name: 'SESSION_SECRET',
        unset: 'generated in DATA_DIR on loopback, required elsewhere',
        meaning:
          'Signs and seals sessions: a comma list, newest first, each at least 32 characters; `npx coatcheck keygen --secret` makes one. The first is used, all are accepted. To change it in a fleet: `old,new`, then `new,old`, then `new` (docs/sessions.md).',
        example: makeSecret,
      },
      {
        name: 'REDIS_URL',
        unset: 'sessions live in this process’s memory, allowed on loopback only',
        meaning:
          'Where sessions live: redis:// or rediss:// (TLS); a comma list of nodes with REDIS_MODE=cluster or sentinel.',
        example: 'rediss://coatcheck:PASSWORD@redis.internal:6379',
      },
      {
        name: 'REDIS_MODE',
        default: 'single',
        meaning: 'single, cluster or sentinel.',
        example: 'cluster',
      },
      {
        name: 'REDIS_SENTINEL_MASTER',
        unset: 'required with REDIS_MODE=sentinel',
        meaning: 'The name under which the sentinels know the master.',
        example: 'mymaster',
      },
      {
        name: 'REDIS_PREFIX',
        default: 'coatcheck:',
        meaning: 'Stands before every key, so that applications can share one Redis.',
        example: 'shop:',
      },
      {
        name: 'REDIS_TIMEOUT',
        default: '250ms',
        meaning: 'How long a read from Redis may take; a write has four times as much.',
        example: '500ms',
      },
      {
        name: 'SESSION_IDLE_TIMEOUT',
        default: '24h',
        meaning:
          'A session that is not used for this long ends. The default is never more than SESSION_ABSOLUTE_TIMEOUT.',
        example: '24h',
      },
      {
        name: 'SESSION_ABSOLUTE_TIMEOUT',
        default: '14d',
        meaning: 'A session ends this long after sign-in, used or not.',
        example: '14d',
      },
      {
        name: 'SESSION_COOKIE_NAME',
        default: 'session',
        meaning: 'The cookie’s name; on https `__Host-` is put in front.',
        example: 'session',
      },
      {
        name: 'SESSION_COOKIE_SAMESITE',
        default: 'strict',
        meaning: 'strict or lax.',
        example: 'strict',
      },
      {
        name: 'SESSION_LIMIT',
        default: '20',
        meaning: 'Live sessions per user; one more ends the oldest by sign-in.',
        example: '20',
      },
    ],
  },
  {
    title: 'Users and sign-up',
    variables: [
      {
        name: 'DATABASE_URL',
        unset: 'SQLite in DATA_DIR',
        meaning: 'Where users live: postgres://… or sqlite:PATH.',
        example: 'postgres://coatcheck:PASSWORD@db.internal:5432/coatcheck',
      },
      {
        name: 'SIGNUP',
        default: 'form',
        meaning:
          'form: a first login must sign up. auto: a first login creates the user with what the provider says. closed: only users added by `coatcheck users add`.',
        example: 'form',
      },
      {
        name: 'SIGNUP_SCHEMA',
        unset: '`nickname`, 2–20 characters and unique, and `characterName`, 1–30 characters',
        meaning:
          'Path of a JSON Schema for what people fill in; `"x-unique": true` on a string property makes it unique.',
        example: './signup.schema.json',
      },
      {
        name: 'SIGNUP_TIMEOUT',
        default: '30m',
        meaning: 'How long a first login may take to finish sign-up.',
        example: '30m',
      },
    ],
  },
  {
    title: 'Providers',
    variables: [
      {
        name: 'PROVIDERS',
        unset: 'required',
        meaning:
          'Who vouches for people, comma-separated, shown in this order: kakao, naver, google, or any other id for an OpenID Connect issuer. Each brings variables of its own, see below.',
        example: 'kakao,naver,google',
      },
      {
        name: 'KAKAO_ADMIN_KEY',
        unset: 'Kakao’s unlink webhook is refused',
        meaning: 'The admin key of the Kakao app, for its unlink webhook and for unlinking deleted accounts.',
        example: 'the-admin-key-from-developers.kakao.com',
      },
    ],
  },
  {
    title: 'API routes',
    variables: [
      {
        name: 'API_URL',
        meaning:
          'Short for API_ROUTES=[{"path":"/api","target":API_URL}]; beside API_ROUTES it adds that route, unless they name /api themselves.',
        example: 'http://127.0.0.1:8080',
      },
      {
        name: 'API_ROUTES',
        meaning:
          'A JSON array of routes, or the path of a JSON file: `path` and `target`, and where wanted `auth`, `stripPrefix`, `methods`, `timeout`, `websocket`, `maxBody`, `cookies`, `setCookie`, `csrf`, `token`, `audience`, `maxAuthAge`, `headers`, `sandbox`.',
        example: '[{"path":"/api","target":"http://127.0.0.1:8080","auth":"required","timeout":"10s"}]',
      },
      {
        name: 'UPSTREAM_TIMEOUT',
        default: '30s',
        meaning: 'How long a target may take to send its response headers.',
        example: '30s',
      },
      {
        name: 'UPSTREAM_CONNECTIONS',
        meaning:
          'How many connections a process opens to one target at most; further calls wait within their timeout. An event stream holds one. Empty: as many as there are calls.',
        example: '256',
      },
      {
        name: 'API_TOKEN',
        default: 'service',
        meaning:
          'What a call carries: service (a JWT that coatcheck issues), provider (the provider’s access token), exchange (a token from TOKEN_EXCHANGE_URL) or none.',
        example: 'service',
      },
    ],
  },
  {
    title: 'Service tokens',
    variables: [
      {
        name: 'SERVICE_TOKEN_KEYS',
        unset:
          'generated in DATA_DIR on loopback; elsewhere required when a route’s token is service and there is no SERVICE_TOKEN_SECRET',
        meaning:
          'Path of a JWK Set with private keys (ES256, EdDSA, RS256). The first signs, all are published. `npx coatcheck keygen` makes one.',
        example: './keys.json',
      },
      {
        name: 'SERVICE_TOKEN_SECRET',
        meaning:
          'Instead of keys: HS256 for one API under the same hands, at least 32 bytes; `npx coatcheck keygen --secret` makes one. Whoever has it can issue tokens.',
        example: makeSecret,
      },
      {
        name: 'SERVICE_TOKEN_ISSUER',
        unset: 'PUBLIC_URL',
        meaning: 'The `iss` of service tokens.',
        example: 'https://app.example.com',
      },
      {
        name: 'SERVICE_TOKEN_AUDIENCE',
        unset: 'PUBLIC_URL',
        meaning: 'The `aud` of service tokens, where a route names no `audience`.',
        example: 'https://api.example.com',
      },
      {
        name: 'SERVICE_TOKEN_LIFETIME',
        default: '5m',
        meaning: 'How long a service token is valid. Longer than 30s: each leaves with that much left.',
        example: '5m',
      },
    ],
  },
  {
    title: 'Token exchange (RFC 8693)',
    variables: [
      {
        name: 'TOKEN_EXCHANGE_URL',
        unset: 'required, with the client below, when a route’s token is exchange',
        meaning: 'The token endpoint that gives an API token for the provider’s.',
        example: 'https://auth.example.com/token',
      },
      {
        name: 'TOKEN_EXCHANGE_CLIENT_ID',
        meaning: 'Our client there (client_secret_basic).',
        example: 'coatcheck',
      },
      { name: 'TOKEN_EXCHANGE_CLIENT_SECRET', meaning: 'Its secret.', example: 'the-secret-of-that-client' },
      {
        name: 'TOKEN_EXCHANGE_AUDIENCE',
        meaning: 'The `audience` asked for.',
        example: 'https://api.example.com',
      },
    ],
  },
  {
    title: 'Single-page application',
    variables: [
      { name: 'SPA_DIR', meaning: 'A built SPA, served with history fallback.', example: './web/dist' },
      {
        name: 'SPA_DEV_URL',
        meaning: 'A development server (Vite) to pass to instead, its sockets too; on loopback only.',
        example: 'http://localhost:5173',
      },
      { name: 'SPA_HOME_PATH', default: '/', meaning: 'Where a login ends by default.', example: '/' },
      {
        name: 'SPA_LOGIN_PATH',
        default: '/login',
        meaning: 'Where a failed login ends, with `error`.',
        example: '/login',
      },
      {
        name: 'SPA_SIGNUP_PATH',
        default: '/signup',
        meaning: 'Where a first login ends.',
        example: '/signup',
      },
      {
        name: 'CONTENT_SECURITY_POLICY',
        unset: 'a strict policy',
        meaning: 'Directives that replace or extend the default policy.',
        example: "img-src 'self' https:; connect-src 'self'",
      },
    ],
  },
  {
    title: 'Operations',
    variables: [
      {
        name: 'RATE_LIMIT',
        default: '300/1m',
        meaning:
          'Requests per client address on the login, callback and sign-up routes, shared by all instances; off for none.',
        example: '300/1m',
      },
      {
        name: 'OPS_PORT',
        unset: 'no second listener',
        meaning: 'A second listener for /metrics (Prometheus) and /readyz?verbose.',
        example: '9090',
      },
      { name: 'OPS_HOST', default: '127.0.0.1', meaning: 'The address it listens on.', example: '127.0.0.1' },
      {
        name: 'LOG_LEVEL',
        default: 'info',
        meaning: 'fatal, error, warn, info, debug, trace or silent.',
        example: 'info',
      },
      { name: 'LOG_FORMAT', default: 'json', meaning: 'json, or pretty for people.', example: 'pretty' },
      {
        name: 'WORKERS',
        default: '1',
        meaning: 'Processes that share the port; more than one needs REDIS_URL.',
        example: '4',
      },
      {
        name: 'SHUTDOWN_TIMEOUT',
        default: '10s',
        meaning: 'How long running requests may take to finish after SIGTERM.',
        example: '10s',
      },
    ],
  },
] as const satisfies readonly VariableGroup[]

type General = (typeof variableGroups)[number]['variables'][number]

/** What each provider brings: the names follow its id in capitals, `-` as `_` (`KAKAO_CLIENT_ID`). */
export const providerVariables = [
  {
    name: 'CLIENT_ID',
    unset: 'required',
    meaning: 'The client id at the provider.',
    example: 'the-client-id',
  },
  {
    name: 'CLIENT_SECRET',
    unset: 'required',
    meaning:
      'The client secret at the provider. For an issuer by discovery it may be a private JWK as JSON (`{"kty":…,"d":…}`): the client then proves itself by signed assertions (`private_key_jwt`, RFC 7523).',
    example: 'the-client-secret',
  },
  {
    name: 'SCOPE',
    unset: 'the provider’s preset',
    meaning: 'Scopes to ask for, separated by blanks.',
    example: 'openid profile email',
  },
  {
    name: 'NAME',
    unset: 'the provider’s preset, else the id',
    meaning: 'The name on the button.',
    example: 'Example Login',
  },
  {
    name: 'ISSUER',
    unset:
      'preset for kakao and google; naver without it is plain OAuth 2.0, with it OpenID Connect; required for any other id',
    meaning:
      'The exact `iss` expected. Metadata of other ids comes from ISSUER/.well-known/openid-configuration.',
    example: 'https://login.example.com',
  },
  {
    name: 'LOGOUT_HINT',
    unset: 'none',
    meaning:
      '`id_token`: logging out at the provider carries the ID token as a hint, posted by a page of ours and never in a URL; it is kept for that, sealed, in the session.',
    example: 'id_token',
  },
  ...(
    [
      ['AUTHORIZATION_ENDPOINT', 'authorize'],
      ['TOKEN_ENDPOINT', 'token'],
      ['USERINFO_ENDPOINT', 'userinfo'],
      ['JWKS_URI', 'jwks'],
      ['REVOCATION_ENDPOINT', 'revoke'],
      ['END_SESSION_ENDPOINT', 'logout'],
      ['UNLINK_ENDPOINT', 'unlink'],
    ] as const
  ).map(([name, path]) => ({
    name,
    unset: 'preset or discovered',
    meaning: 'Replaces this one endpoint. http only where its own host is loopback.',
    example: `https://login.example.com/${path}`,
  })),
] as const satisfies readonly Variable[]

export type ProviderSuffix = (typeof providerVariables)[number]['name']
export type VariableName = General['name'] | `${string}_${ProviderSuffix}`
export type DefaultedName = Extract<General, { default: string }>['name']

/** `KAKAO_CLIENT_ID` for `kakao` and `CLIENT_ID`. */
export function providerVariable<Suffix extends ProviderSuffix>(id: string, suffix: Suffix) {
  return `${id.toUpperCase().replaceAll('-', '_')}_${suffix}` as const
}

const groups: readonly VariableGroup[] = variableGroups
const byName = new Map(groups.flatMap(({ variables }) => variables).map((one) => [one.name, one]))

/** What the tables say of a name; undefined: coatcheck does not know it. */
export function variable(name: string): Variable | undefined {
  return byName.get(name) ?? providerVariables.find((one) => name.endsWith(`_${one.name}`))
}

/** Does its value name a file (or may it)? It has no NAME_FILE then. */
export function namesFile(name: string): boolean {
  return name === 'SIGNUP_SCHEMA' || name === 'API_ROUTES' || name === 'SERVICE_TOKEN_KEYS'
}

/** The names of all variables that coatcheck would read with these providers. */
export function variableNames(providerIds: readonly string[]): readonly string[] {
  const own = providerIds.flatMap((id) => providerVariables.map(({ name }) => providerVariable(id, name)))
  return [...byName.keys(), ...own]
}
