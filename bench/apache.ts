import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createCookieJar } from '../src/testing/cookie-jar.ts'
import { exchange } from '../src/testing/http-exchange.ts'
import { type OidcIssuer, startOidcIssuer } from '../test/support/oidc-issuer.ts'
import { installed } from './processes.ts'

const modules = '/usr/lib/apache2/modules'

/** Apache with mod_auth_openidc and its Redis cache: somebody signed in with a real provider, the access token goes up. */
export interface Apache {
  readonly command: string[]
  /** Signs somebody in; their Cookie header. */
  signIn(): Promise<string>
  close(): Promise<void>
}

export interface ApacheOptions {
  readonly port: string
  readonly upstream: string
  readonly redisUrl: string
  /** Where its configuration goes. */
  readonly folder: string
}

/** undefined: not installed (Debian: apache2, libapache2-mod-auth-openidc). */
export async function prepareApache(options: ApacheOptions): Promise<Apache | undefined> {
  const program = installed('apache2')
  if (!program || !existsSync(join(modules, 'mod_auth_openidc.so'))) return undefined
  const origin = `http://localhost:${options.port}`
  const issuer = await startOidcIssuer({ redirectUri: `${origin}/callback`, pushed: false })
  const file = join(options.folder, 'apache.conf')
  writeFileSync(file, configuration(options, issuer))
  return {
    command: [program, '-f', file, '-D', 'FOREGROUND'],
    signIn: () => signIn(new URL('/api/notes', origin), issuer),
    close: () => issuer.close(),
  }
}

function configuration({ port, upstream, redisUrl, folder }: ApacheOptions, issuer: OidcIssuer): string {
  const load = (name: string) => `LoadModule ${name}_module ${modules}/mod_${name}.so`
  return `
${['mpm_event', 'authn_core', 'authz_core', 'authz_user', 'proxy', 'proxy_http', 'headers', 'auth_openidc'].map(load).join('\n')}
ServerName localhost
ServerRoot ${folder}
PidFile ${folder}/apache.pid
User www-data
Group www-data
ErrorLog /dev/stderr
LogLevel error
Listen 127.0.0.1:${port}
StartServers 1
ServerLimit 1
ThreadsPerChild 64
MaxRequestWorkers 64
MaxKeepAliveRequests 0
OIDCProviderMetadataURL ${issuer.issuer}/.well-known/openid-configuration
OIDCClientID ${issuer.clientId}
OIDCClientSecret ${issuer.clientSecret}
OIDCRedirectURI http://localhost:${port}/callback
OIDCCryptoPassphrase bench-passphrase-bench-passphrase
OIDCPKCEMethod S256
OIDCScope openid
OIDCSSLValidateServer Off
OIDCSessionType server-cache
OIDCCacheType redis
OIDCRedisCacheServer ${new URL(redisUrl).host}
<Location />
AuthType openid-connect
Require valid-user
RequestHeader set Authorization "expr=Bearer %{reqenv:OIDC_access_token}"
</Location>
ProxyPass /api ${upstream}/api
`
}

async function signIn(page: URL, issuer: OidcIssuer): Promise<string> {
  const jar = createCookieJar(Date.now)
  const cookieFor = (url: URL) => jar.header({ url, sameSite: true, topLevelSafe: true })
  async function visit(url: URL) {
    const cookie = cookieFor(url)
    const headers = { accept: 'text/html', ...(cookie !== undefined && { cookie }) }
    const answer = await exchange({ url, method: 'GET', headers })
    for (const line of answer.headers['set-cookie'] ?? []) jar.store(line, url)
    return answer
  }
  const { headers } = await visit(page)
  await visit(await issuer.walk(new URL(headers.location as string), 'bench'))
  const { status } = await visit(page)
  if (status !== 200) throw new Error(`signed in with mod_auth_openidc, and got ${status}`)
  return cookieFor(page) as string
}
