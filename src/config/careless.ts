import { resolve } from 'node:path'
import type { Config, RouteConfig } from './config.ts'
import { distance } from './distance.ts'
import type { FileReader } from './file-reader.ts'
import { isLoopbackAddress, isLoopbackHost } from './loopback.ts'
import type { VariableReader } from './variable-reader.ts'
import { providerVariable, type VariableName } from './variables.ts'

const hour = 3_600_000
const year = 365 * 24 * hour

interface HeldSecret {
  readonly name: VariableName
  readonly value: string
  /** coatcheck chose it: nothing but coatcheck needs to know it. */
  readonly own: boolean
}

/** Who learns one of two secrets that are equal can do what the other one is for. */
export function refuseSharedSecrets(reader: VariableReader, config: Config): void {
  const held = secretsOf(config)
  for (const [index, { name, value, own }] of held.entries()) {
    const other = held.slice(0, index).find((one) => one.value === value && (own || one.own))
    if (other && other.name !== name)
      reader.problem(name, `must not be the same as ${other.name}: one secret for each purpose`)
  }
}

/** What works and is seldom meant: a warning each, a line that begins with the variable and holds no secret. */
export function findCareless(config: Config, reader: VariableReader, files: FileReader): readonly string[] {
  return [
    ...aboutNetwork(config, reader),
    ...aboutSecrets(config),
    ...aboutStores(config, reader),
    ...aboutRoutes(config),
    ...aboutLimits(config, reader),
    ...aboutPolicy(config),
    ...aboutFiles(config, files),
    ...aboutProviders(config, reader),
  ]
}

function aboutNetwork({ public: { loopback }, listen, ops, trustProxy }: Config, reader: VariableReader) {
  const warnings: string[] = []
  if (loopback && !isLoopbackAddress(listen.host))
    warnings.push(
      'HOST: listens beyond loopback while PUBLIC_URL is on loopback: others on the network can reach it',
    )
  if (ops.port !== undefined && !isLoopbackAddress(ops.host))
    warnings.push('OPS_HOST: metrics can be read from other machines; keep the port inside')
  if (!loopback && trustProxy.length === 0 && reader.sound('TRUST_PROXY', 'PUBLIC_URL'))
    warnings.push(
      'TRUST_PROXY: names no proxy, though TLS ends in front: all requests seem to come from one address, and RATE_LIMIT counts them as one',
    )
  if (trustProxy.some(isNearlyEverybody))
    warnings.push(
      'TRUST_PROXY: believes the X-Forwarded-For of nearly every address, so that clients choose theirs; name the proxies in front',
    )
  return warnings
}

/** Wider than the widest private networks there are, 10.0.0.0/8 and fc00::/7 (RFC 1918, RFC 4193). */
function isNearlyEverybody(range: string): boolean {
  const [address = '', prefix] = range.split('/')
  if (prefix === undefined) return false
  const mapped = /^::ffff:/i.test(address) ? 96 : 0
  const isIpv4 = !address.includes(':') || (mapped > 0 && Number(prefix) >= mapped)
  return isIpv4 ? Number(prefix) - mapped < 8 : Number(prefix) < 7
}

function secretsOf({
  session,
  serviceToken,
  providers,
  tokenExchange,
  kakaoAdminKey,
  redis,
  database,
}: Config) {
  const held: HeldSecret[] = []
  const add = (name: VariableName, value: string | undefined, own = false) => {
    if (value) held.push({ name, value, own })
  }
  for (const secret of session.secrets ?? []) add('SESSION_SECRET', secret, true)
  add('SERVICE_TOKEN_SECRET', serviceToken.secret, true)
  for (const { id, clientSecret } of providers) add(providerVariable(id, 'CLIENT_SECRET'), clientSecret)
  add('TOKEN_EXCHANGE_CLIENT_SECRET', tokenExchange?.clientSecret)
  add('KAKAO_ADMIN_KEY', kakaoAdminKey)
  for (const url of redis?.urls ?? []) add('REDIS_URL', passwordOf(url))
  if (database.kind === 'postgres') add('DATABASE_URL', passwordOf(database.url))
  return held
}

function aboutSecrets(config: Config): readonly string[] {
  // On loopback the simulated providers' secrets may be anything.
  const weak = secretsOf(config).filter(
    ({ value, own }) => (own || !config.public.loopback) && isGuessable(value),
  )
  return [...new Set(weak.map(({ name, own }) => `${name} ${own}`))].map((key) => {
    const [name, own] = key.split(' ')
    return own === 'true'
      ? `${name}: is easy to guess; use the line that \`npx coatcheck keygen --secret\` prints`
      : `${name}: is easy to guess, or a placeholder`
  })
}

/** One sign again and again, a keyboard's row, or a word of a template. */
function isGuessable(value: string): boolean {
  return (
    new Set(value).size < Math.min(6, value.length) ||
    /change.?me|change.?this|placeholder|password|passw0rd|letmein|qwerty|0123456789|123456|abcdef(?:gh|12)|^(?:your|the|my|some|a).(?:client.)?secret|insert.?here|xxxx|^(?:super)?secret\d*$|^(?:test|example|admin|coatcheck|postgres|redis)\d*$/i.test(
      value,
    ) ||
    // A short one written several times.
    /^(.{1,12}?)\1+$/s.test(value)
  )
}

function passwordOf(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined
  const { password } = new URL(url)
  try {
    return decodeURIComponent(password) || undefined
  } catch {
    return password
  }
}

function aboutStores({ public: { loopback }, redis, database }: Config, reader: VariableReader) {
  const warnings: string[] = []
  const distant = (redis?.urls ?? [])
    .filter((url) => URL.canParse(url))
    .map((url) => new URL(url))
    .filter(({ hostname }) => !isLoopbackHost(hostname))
  if (distant.some(({ password }) => password === ''))
    warnings.push('REDIS_URL: has no password: others on that network can end and delete sessions')
  if (distant.some(({ protocol }) => protocol === 'redis:'))
    warnings.push('REDIS_URL: is not encrypted on its way to another machine; use rediss://')
  if (database.kind === 'postgres' && !isPostgresEncrypted(database.url))
    warnings.push(
      'DATABASE_URL: is not encrypted, or not verified, on its way to another machine; add ?sslmode=verify-full',
    )
  if (!loopback && database.kind === 'sqlite' && reader.sound('DATABASE_URL', 'PUBLIC_URL'))
    warnings.push(
      `DATABASE_URL: users live in ${database.path} of this one instance: another instance would not know them; name a PostgreSQL, or keep to one instance and back that file up`,
    )
  return warnings
}

/** As pg reads a URL: no sslmode is no TLS, `no-verify` takes any certificate. */
function isPostgresEncrypted(url: string): boolean {
  if (!URL.canParse(url)) return true
  const { hostname, searchParams } = new URL(url)
  const host = searchParams.get('host') ?? decodeURIComponent(hostname)
  if (host === '' || host.startsWith('/') || isLoopbackHost(host)) return true
  const mode = searchParams.get('sslmode')
  if (mode !== null) return /^(?:prefer|require|verify-ca|verify-full)$/.test(mode)
  return /^(?:true|1)$/.test(searchParams.get('ssl') ?? '')
}

function aboutRoutes({ routes }: Config): readonly string[] {
  return routes.flatMap((route) => {
    const name = `API_ROUTES: route ${JSON.stringify(route.path)}`
    return [
      ...(leaksToken(route)
        ? [
            `${name}: its token goes to another machine by http, where others on the way can read it; use https`,
          ]
        : []),
      ...(doubles(route)
        ? [
            `${name}: the target ends in ${route.path}, so a call to ${route.path}/x arrives at ${route.path}${route.path}/x; leave ${route.path} off the target (API_URL)`,
          ]
        : []),
    ]
  })
}

function leaksToken({ target, token }: RouteConfig): boolean {
  const { protocol, hostname } = new URL(target)
  return token !== 'none' && protocol === 'http:' && !isLoopbackHost(hostname)
}

function doubles({ path, target, stripPrefix }: RouteConfig): boolean {
  return path !== '/' && !stripPrefix && new URL(target).pathname.replace(/\/$/, '').endsWith(path)
}

function aboutLimits(
  { rateLimit, serviceToken, session }: Config,
  reader: VariableReader,
): readonly string[] {
  const warnings: string[] = []
  if (rateLimit === undefined && reader.sound('RATE_LIMIT'))
    warnings.push('RATE_LIMIT: is off: one client can try logins and sign-ups as fast as it likes')
  else if (rateLimit && rateLimit.requests / rateLimit.windowMs > 1)
    warnings.push('RATE_LIMIT: allows one client more than 1000 requests a second, which limits nothing')
  if (serviceToken.lifetimeMs > hour)
    warnings.push(
      'SERVICE_TOKEN_LIFETIME: is longer than an hour: a token works that long after its session has ended; coatcheck renews short ones by itself',
    )
  if (session.absoluteTimeoutMs >= year)
    warnings.push('SESSION_ABSOLUTE_TIMEOUT: is a year or more: a stolen cookie works that long')
  return warnings
}

function aboutPolicy({ contentSecurityPolicy }: Config): readonly string[] {
  const name = 'CONTENT_SECURITY_POLICY'
  return [...(contentSecurityPolicy ?? [])].flatMap(([directive, written]) => {
    const values = written.map((value) => value.toLowerCase())
    const everywhere = values.find((value) => /^(?:\*|https?:|(?:https?:\/\/)?\*(?::\*)?)$/.test(value))
    const runs = /^(?:default-src|script-src(?:-elem|-attr)?|object-src|base-uri)$/.test(directive)
    return [
      ...values
        .filter((value) => value === "'unsafe-inline'" || value === "'unsafe-eval'")
        .map((value) => `${name}: ${directive} allows ${value}, which lets injected code or styles work`),
      ...(everywhere && (runs || directive === 'frame-ancestors')
        ? [
            directive === 'frame-ancestors'
              ? `${name}: frame-ancestors ${everywhere} lets any page put the application in a frame and borrow clicks`
              : `${name}: ${directive} ${everywhere} lets code of any server run`,
          ]
        : []),
      ...(runs && values.some((value) => value === 'data:' || value === 'blob:')
        ? [`${name}: ${directive} allows data: or blob:, which lets injected code run`]
        : []),
    ]
  })
}

/** Container platforms mount secrets below /run/secrets, readable by all, in a container with one user. */
function aboutFiles({ serviceToken: { keysPath } }: Config, files: FileReader): readonly string[] {
  if (keysPath === undefined) return []
  const path = resolve(keysPath)
  const mode = path.startsWith('/run/secrets/') ? undefined : files.mode?.(path)
  return mode !== undefined && (mode & 0o004) !== 0
    ? [`SERVICE_TOKEN_KEYS: every user of this machine can read ${path}; chmod 600 it`]
    : []
}

/** `gogle` without an issuer of its own is hardly an issuer's id. */
function aboutProviders({ providers }: Config, reader: VariableReader): readonly string[] {
  const presets = ['kakao', 'naver', 'google']
  return providers.flatMap(({ id }) => {
    if (presets.includes(id) || reader.isSet(providerVariable(id, 'ISSUER'))) return []
    const meant = presets.find((preset) => distance(id, preset) <= 2)
    return meant ? [`PROVIDERS: names ${id}; was ${meant} meant?`] : []
  })
}
