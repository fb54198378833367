import type { Config } from '../../config/config.ts'
import { isLoopbackHost } from '../../config/loopback.ts'
import { type Finding, failed, ok, warning } from './finding.ts'
import { explainFailure } from './network-failure.ts'
import type { ObservedFetch } from './observed-fetch.ts'

const patienceMs = 5_000

/** Asks every API target, and where tokens are exchanged, for anything at all: nearly every answer will do. */
export async function examineTargets(config: Config, { fetch }: ObservedFetch): Promise<readonly Finding[]> {
  const { routes, tokenExchange, spa } = config
  const apis = routes.map(({ path, target }) =>
    isOurself(new URL(target), config)
      ? failed(
          `api ${path}`,
          `${target} is coatcheck itself`,
          'name the address where the API listens: requests would go round in circles',
        )
      : examineTarget(`api ${path}`, target, { fetch, judge: judgeApi }),
  )
  const others = [
    ...(tokenExchange ? [['token exchange', tokenExchange.url] as const] : []),
    ...(spa.devUrl !== undefined ? [['spa', spa.devUrl] as const] : []),
  ].map(([area, target]) => examineTarget(area, target, { fetch, judge: () => undefined }))
  return Promise.all([...apis, ...others])
}

function isOurself(
  { origin, hostname, protocol, port }: URL,
  { public: { origin: own }, listen }: Config,
): boolean {
  const reached = Number(port || (protocol === 'https:' ? 443 : 80))
  return origin === own || (isLoopbackHost(hostname) && reached === listen.port)
}

/** What an answer of this target says against it, and what to do. */
type Judge = (target: URL, response: Response) => readonly [seen: string, advice: string] | undefined

const judgeApi: Judge = (target, { ok: success, headers }) => {
  const location = headers.get('location') ?? ''
  // A redirect goes back to the browser, which cannot reach the API, and a POST would lose its body.
  if (target.protocol === 'http:' && location.startsWith(`https://${target.hostname}`))
    return ['leads to https', 'write https:// in its target']
  if (success && /^text\/html/i.test(headers.get('content-type') ?? ''))
    return [
      'answers with a page (HTML)',
      'check that the target is the API, and not a web site or a login page',
    ]
  return undefined
}

async function examineTarget(
  area: string,
  target: string,
  { fetch, judge }: { readonly fetch: ObservedFetch['fetch']; readonly judge: Judge },
): Promise<Finding> {
  try {
    const response = await fetch(target, { redirect: 'manual', signal: AbortSignal.timeout(patienceMs) })
    await response.body?.cancel()
    const doubt = judge(new URL(target), response)
    if (doubt) return warning(area, `${target} ${doubt[0]}`, doubt[1])
    const seen = `${target} answers (${response.status})`
    if (response.status < 500) return ok(area, seen)
    return warning(area, seen, 'an error of its own: look at its log')
  } catch (error) {
    const { seen, advice } = explainFailure(error)
    return failed(area, `${target}: ${seen}`, advice)
  }
}
