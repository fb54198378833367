import type { Clock } from '../../clock.ts'
import type { Config, ProviderConfig } from '../../config/config.ts'
import { randomToken } from '../../crypto/random.ts'
import { createProviders } from '../../providers/create-providers.ts'
import { type Provider, ProviderError } from '../../providers/provider.ts'
import { silentLog } from '../stores.ts'
import { type Finding, failed, ok, warning } from './finding.ts'
import { explainFailure } from './network-failure.ts'
import { type Observation, type ObservedFetch, observeFetch } from './observed-fetch.ts'

const patienceMs = 10_000

/**
 * Walks a login at each provider as far as it goes without a person: its metadata, its answer to an authorization request,
 * and its answer to an invented code, which it refuses for the code’s sake only if it knows our client.
 */
export async function examineProviders(
  config: Config,
  { clock, observed }: { readonly clock: Clock; readonly observed: (one: Observation) => void },
): Promise<readonly Finding[]> {
  const findings = await Promise.all(
    config.providers.map(async (provider) => {
      // Each with a fetch of its own, so that what was seen belongs to this one.
      const watch = observeFetch(clock)
      const running = createProviders({
        providers: [provider],
        publicOrigin: config.public.origin,
        kakaoAdminKey: config.kakaoAdminKey,
        offlineAccess: false,
        clock,
        log: silentLog,
        fetch: watch.fetch,
      })
      const [one] = running.all.values()
      try {
        return one ? await examineProvider(one, { provider, watch, origin: config.public.origin }) : []
      } finally {
        await running.close()
        for (const observation of watch.seen) observed(observation)
      }
    }),
  )
  return findings.flat()
}

interface Subject {
  readonly provider: ProviderConfig
  readonly watch: ObservedFetch
  readonly origin: string
}

async function examineProvider(one: Provider, subject: Subject): Promise<readonly Finding[]> {
  const area = `provider ${one.id}`
  const prefix = one.id.toUpperCase().replaceAll('-', '_')
  const redirectUri = `${subject.origin}/auth/callback/${one.id}`
  try {
    const { url, checks } = await one.authorize('login')
    const page = await examineAuthorizationPage(area, { url, redirectUri, watch: subject.watch })
    const client = await examineClient(one, { area, prefix, checks, subject })
    return [...page, client, ok(area, `redirect URI to register there: ${redirectUri}`)]
  } catch (error) {
    return [explainMetadata(area, { error, prefix, watch: subject.watch })]
  }
}

/** Providers refuse an unknown client or redirect URI with a page of their own, which no program is told of. */
async function examineAuthorizationPage(
  area: string,
  { url, redirectUri, watch }: { url: URL; redirectUri: string; watch: ObservedFetch },
): Promise<readonly Finding[]> {
  const register = `register ${redirectUri} as a redirect URI there, to the letter, and check the client id and the scopes`
  try {
    const signal = AbortSignal.timeout(patienceMs)
    const response = await watch.fetch(url, { redirect: 'manual', signal, headers: { Accept: 'text/html' } })
    await response.body?.cancel()
    const location = response.headers.get('location') ?? ''
    if (/[?&/](auth)?error[=/?]/i.test(location))
      return [failed(area, 'refuses our authorization request with an error page', register)]
    if (response.status >= 500)
      return [warning(area, `its login page answers ${response.status}`, 'try again later')]
    if (response.status >= 400)
      return [failed(area, `refuses our authorization request (${response.status})`, register)]
    return [ok(area, `its login page opens (${url.origin})`)]
  } catch (error) {
    const { seen, advice } = explainFailure(error)
    return [failed(area, `its login page ${url.origin}: ${seen}`, advice)]
  }
}

async function examineClient(
  one: Provider,
  {
    area,
    prefix,
    checks,
    subject,
  }: { area: string; prefix: string; checks: Parameters<Provider['finish']>[1]; subject: Subject },
): Promise<Finding> {
  const { issuer } = subject.provider
  const query = new URLSearchParams({
    code: `coatcheck-doctor-${randomToken(8)}`,
    state: checks.state,
    ...(issuer !== undefined && { iss: issuer }),
  })
  try {
    await one.finish(query.toString(), checks, AbortSignal.timeout(patienceMs))
    return failed(
      area,
      'takes an invented code',
      `check ${prefix}_TOKEN_ENDPOINT: this is not a token endpoint`,
    )
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error
    const code = error.providerCode ? ` (${error.providerCode})` : ''
    if (error.failure === 'code-rejected')
      return ok(area, 'knows our client: it refuses an invented code, and only that')
    if (error.failure === 'misconfigured')
      return failed(
        area,
        `refuses our client${code}`,
        `check ${prefix}_CLIENT_ID and ${prefix}_CLIENT_SECRET against its console`,
      )
    if (error.failure === 'rate-limited')
      return warning(area, `limits our requests${code}`, 'try again in ten minutes')
    return explainSilence(area, subject.watch, code)
  }
}

/** Ours where only the slash differs, the library’s where more does. */
const mismatches = new Set(['issuer-mismatch', 'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED'])

function explainMetadata(
  area: string,
  { error, prefix, watch }: { error: unknown; prefix: string; watch: ObservedFetch },
): Finding {
  const code = error instanceof ProviderError ? error.providerCode : undefined
  if (code !== undefined && mismatches.has(code))
    return failed(
      area,
      'its metadata name another issuer',
      `${prefix}_ISSUER must be exactly what they say, to the last slash`,
    )
  if (error instanceof ProviderError && error.failure === 'misconfigured')
    return failed(
      area,
      `its metadata cannot be used (${code ?? 'misconfigured'})`,
      `check ${prefix}_ISSUER, or name the endpoint in its variable`,
    )
  return explainSilence(area, watch, code ? ` (${code})` : '', `${prefix}_ISSUER`)
}

/** The last call says why there was no proper answer. */
function explainSilence(area: string, { seen }: ObservedFetch, code: string, variable?: string): Finding {
  const last = seen.at(-1)
  const place = last ? `${last.method} ${last.url.origin}${last.url.pathname}` : 'the provider'
  if (last?.error !== undefined) {
    const failure = explainFailure(last.error)
    return failed(area, `${place}: ${failure.seen}`, failure.advice)
  }
  const answered = last?.status === undefined ? '' : `, it answered ${last.status}`
  const advice = variable
    ? `check ${variable}: its metadata belong at ISSUER/.well-known/openid-configuration`
    : 'check the endpoint’s variable, or try again later'
  return failed(area, `${place} does not speak the protocol${code}${answered}`, advice)
}
