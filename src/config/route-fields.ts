/** What a route of API_ROUTES may say, for docs/configuration.md; a test holds it to the schema. */
export const routeFields: readonly {
  readonly name: string
  readonly default: string
  readonly meaning: string
}[] = [
  {
    name: 'path',
    default: 'required',
    meaning:
      'The first segments of the requests it takes. Of several the longest wins. Not inside `/auth`, `/.well-known`, `/healthz`, `/readyz`.',
  },
  {
    name: 'target',
    default: 'required',
    meaning: 'http or https URL that they go to; its path, if any, goes in front.',
  },
  {
    name: 'auth',
    default: '`required`',
    meaning:
      '`required`: members only. `optional`: everybody, with a token for members. `none`: everybody, never a token.',
  },
  { name: 'stripPrefix', default: '`false`', meaning: 'Leaves `path` out of what the target sees.' },
  { name: 'methods', default: 'all', meaning: 'A list such as `["GET","POST"]`; others get 405.' },
  { name: 'timeout', default: 'UPSTREAM_TIMEOUT', meaning: 'Until the target’s response headers.' },
  {
    name: 'idleTimeout',
    default: '`5m`',
    meaning:
      'How long a body may pause, in either direction. Event streams and WebSockets may pause for ever.',
  },
  { name: 'websocket', default: '`true`', meaning: 'Lets WebSocket upgrades through.' },
  { name: 'maxBody', default: 'none', meaning: 'The largest request body, such as `10mb`.' },
  { name: 'cookies', default: '`none`', meaning: '`others` passes the request’s cookies on, never ours.' },
  {
    name: 'setCookie',
    default: '`false`',
    meaning: 'Lets the target set cookies, never with one of our names.',
  },
  {
    name: 'csrf',
    default: '`true`',
    meaning: '`false` lets other sites’ pages call it; only with `"auth":"none"`.',
  },
  { name: 'token', default: 'API_TOKEN', meaning: '`service`, `provider`, `exchange` or `none`.' },
  { name: 'audience', default: 'SERVICE_TOKEN_AUDIENCE', meaning: 'The `aud` of its service tokens.' },
  {
    name: 'maxAuthAge',
    default: 'none',
    meaning: 'A sign-in older than this, such as `15m`, is asked for again.',
  },
  {
    name: 'headers',
    default: 'none',
    meaning:
      'Client headers to pass on although APIs take them for an address or identity, such as `["X-User-Locale"]`. Not those of the connection, `Authorization`, `Cookie` or `X-Forwarded-*`.',
  },
  {
    name: 'sandbox',
    default: '`true`',
    meaning:
      'Answers that a browser could run in a window cannot run as the application: all but JSON, text, scripts, images, media, fonts, PDF and archives.',
  },
]
