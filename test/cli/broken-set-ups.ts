/**
 * Every broken set-up that `coatcheck doctor` is tried on, and what it must say of it: `area: seen → advice`.
 * docs/operations.md shows them as a table; `doctor-table.test.ts` holds it to these words.
 */
export const brokenSetUps = {
  configuration: {
    'PUBLIC_URL is plain http': /configuration: PUBLIC_URL: must be https/,
    'SESSION_SECRET is too short': /configuration: SESSION_SECRET: .*at least 32 characters/,
    'SESSION_SECRET is not set': /configuration: SESSION_SECRET: is required/,
    'REDIS_URL is not set': /configuration: REDIS_URL: is required/,
    'the signing keys’ file is not there': /configuration: SERVICE_TOKEN_KEYS: .*cannot be read \(ENOENT\)/,
    'the signing keys are public ones': /configuration: SERVICE_TOKEN_KEYS: .*private keys/,
    'a provider’s client secret is not set': /configuration: KAKAO_CLIENT_SECRET: is required with kakao/,
    'SPA_DIR has no index.html': /configuration: SPA_DIR: must name a folder with an index\.html/,
    'a route’s field is misspelt': /configuration: API_ROUTES: .*is not a field of a route/,
    'a variable is misspelt': /configuration: SESSION_LIMT: .*was SESSION_LIMIT meant/,
    'TRUST_PROXY is not set behind a proxy': /configuration: TRUST_PROXY: names no proxy/,
    'TRUST_PROXY believes everybody':
      /configuration: TRUST_PROXY: believes the X-Forwarded-For of nearly every address/,
    'metrics can be read from outside': /configuration: OPS_HOST: .*keep the port inside/,
  },
  machine: {
    'PORT is taken': /port: .*is taken by another program.*choose another PORT/,
    'OPS_PORT is taken': /ops port: .*is taken by another program.*choose another OPS_PORT/,
    'HOST is another machine’s address': /port: cannot listen on .*EADDRNOTAVAIL.*address of this machine/,
    'DATA_DIR is not writable': /data: .*cannot hold the session secret and the signing keys.*DATA_DIR/,
    'the clock is wrong': /clock: .*clock is \d+ s behind.*NTP/,
  },
  redis: {
    'Redis is not running': /redis: .*nothing listens there.*check the port/,
    'Redis’s name is misspelt': /redis: .*does not resolve.*spelling/,
    'Redis speaks no TLS behind rediss://': /redis: .*→ .*TLS/,
    'Redis does not answer': /redis: .*did not answer in time.*check that it runs/,
    'Redis wants a password': /redis: .*wants a password.*REDIS_URL/,
    'Redis’s password is wrong': /redis: .*refuses the user or the password.*REDIS_URL/,
    'Redis lets us read and not write': /redis: .*forbids a command that sessions need.*allow/,
    'Redis is a replica': /redis: .*does not take writes.*lead REDIS_URL to the master/,
    'Redis is full': /redis: .*is out of memory.*raise maxmemory/,
    'Redis is no cluster': /redis: .*is no cluster.*REDIS_MODE=single/,
    'Redis throws sessions away when it is full': /redis: .*maxmemory-policy allkeys-lru.*noeviction/,
    'Redis writes nothing to disk': /redis: .*restart signs everybody out.*appendonly yes/,
    'Redis writes snapshots only': /redis: .*lose the sessions since its last snapshot.*appendonly yes/,
    'Redis tells nobody of changes': /redis: .*CLIENT TRACKING.*\+client\|tracking/,
  },
  database: {
    'the database is not running': /database: .*nothing listens there.*check the port/,
    'the database does not answer': /database: .*did not answer in time.*firewalls/,
    'the database’s name is wrong': /database: .*has no such database \(3D000\).*create it/,
    'the database’s user is wrong': /database: .*refuses the user or the password \(28\d\d\d\)/,
    'the database’s password is wrong':
      /database: .*refuses the user or the password \(28P01\).*DATABASE_URL/,
    'the tables are missing and may not be made':
      /database: .*does not let us create tables \(42501\).*CREATE/,
    'the database is a standby': /database: .*is a standby \(25006\).*primary/,
    'the database has no connection left': /database: .*has no connection left \(53300\).*pooler/,
    'a PgBouncer refuses statement_timeout': /database: .*refuses statement_timeout.*\?statement_timeout=/,
    'a PgBouncer knows no such database': /database: .*has no such database \(08P01\)/,
    'SQLite’s folder cannot be there': /database: SQLite at .* cannot be opened.*folder/,
    'SQLite’s file is another file': /database: SQLite at .* cannot be opened.*is a SQLite database/,
  },
  providers: {
    'the redirect URI is not registered':
      /provider acme: refuses our authorization request.*register .*\/auth\/callback\/acme/,
    'a client id is wrong': /provider google: refuses our authorization request.*client id/,
    'a client secret is wrong': /provider kakao: refuses our client.*KAKAO_CLIENT_SECRET/,
    'an issuer cannot be reached': /provider acme: GET .*nothing listens there.*check the port/,
    'an issuer is another site': /provider acme: .*answered 404.*ACME_ISSUER/,
    'an issuer has a slash too many': /provider acme: its metadata name another issuer.*to the last slash/,
    'an issuer’s metadata name another issuer':
      /provider acme: its metadata name another issuer.*ACME_ISSUER/,
    'an issuer’s metadata are broken': /provider acme: GET .*answered 500.*ACME_ISSUER/,
    'a token endpoint is another site': /provider naver: POST .*does not speak the protocol.*variable/,
    'a token endpoint is down': /provider acme: POST .*answered 503.*try again later/,
    'a login page is down': /provider acme: its login page answers 502.*try again later/,
  },
  api: {
    'the API is not running': /api \/api: .*nothing listens there.*check the port/,
    'the API’s name is misspelt': /api \/api: .*does not resolve.*spelling/,
    'the API speaks no TLS': /api \/api: .*→ .*TLS/,
    'the API leads to https': /api \/api: .*leads to https.*write https/,
    'the API is a web site': /api \/api: .*answers with a page \(HTML\).*check that the target is the API/,
    'the API fails': /api \/api: .*answers \(500\).*look at its log/,
    'the API is coatcheck itself': /api \/api: .*is coatcheck itself.*where the API listens/,
    'the API is PUBLIC_URL': /api \/api: .*is coatcheck itself.*where the API listens/,
    'the token exchange is not running': /token exchange: .*nothing listens there.*check the port/,
    'the development server is not running': /spa: .*nothing listens there.*check the port/,
  },
  'public url': {
    'nothing is there': /public url: .*nothing listens there.*check the port/,
    'another server is there': /public url: .*not as coatcheck does.*running coatcheck/,
    'people end up under another address': /public url: .*redirects to .*PUBLIC_URL must be the very address/,
    'the proxy changes Host': /public url: redirects to itself for ever.*Host \$http_host/,
    'the proxy changes cookies': /public url: cookies arrive changed.*leave Set-Cookie alone/,
    'the proxy drops cookies': /public url: cookies do not arrive.*leave Set-Cookie alone/,
    'the proxy drops WebSocket upgrades':
      /public url: WebSocket upgrades do not arrive.*Upgrade and Connection/,
  },
  https: {
    'the certificate is not trusted': /public url: .*certificate is not trusted.*NODE_EXTRA_CA_CERTS/,
    'the certificate is for another name': /public url: .*certificate is for another name.*use the name/,
    'the proxy drops HSTS': /public url: does not ask browsers for https.*Strict-Transport-Security/,
    'plain http is answered': /public url: answers plain http.*redirect it to https/,
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, RegExp>>>>

type Areas = typeof brokenSetUps

/** How to break things: one entry for each set-up of the area, or this does not compile. */
export type Arrangements<Area extends keyof Areas, How> = Readonly<Record<keyof Areas[Area], How>>

/** For `it.each`: name, how to break it, what doctor must say. */
export function setUpsOf<Area extends keyof Areas, How>(
  area: Area,
  arrangements: Arrangements<Area, How>,
): [name: string, how: How, expected: RegExp][] {
  const patterns: Readonly<Record<string, RegExp>> = brokenSetUps[area]
  return Object.entries<How>(arrangements).map(([name, how]) => [name, how, patterns[name] as RegExp])
}
