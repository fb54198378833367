import type { Config } from '../../config/config.ts'
import { type Finding, failed, ok, warning } from './finding.ts'
import { explainFailure } from './network-failure.ts'
import type { ObservedFetch } from './observed-fetch.ts'

const patienceMs = 5_000

/** Asks every API target, and where tokens are exchanged, for anything at all: an answer of any status will do. */
export async function examineTargets(
  { routes, tokenExchange, spa }: Config,
  { fetch }: ObservedFetch,
): Promise<readonly Finding[]> {
  const places = [
    ...routes.map(({ path, target }) => [`api ${path}`, target] as const),
    ...(tokenExchange ? [['token exchange', tokenExchange.url] as const] : []),
    ...(spa.devUrl !== undefined ? [['spa', spa.devUrl] as const] : []),
  ]
  return Promise.all(places.map(([area, target]) => examineTarget(area, target, fetch)))
}

async function examineTarget(area: string, target: string, fetch: ObservedFetch['fetch']): Promise<Finding> {
  try {
    const response = await fetch(target, { redirect: 'manual', signal: AbortSignal.timeout(patienceMs) })
    await response.body?.cancel()
    const seen = `${target} answers (${response.status})`
    if (response.status < 500) return ok(area, seen)
    return warning(area, seen, 'an error of its own: look at its log')
  } catch (error) {
    const { seen, advice } = explainFailure(error)
    return failed(area, `${target}: ${seen}`, advice)
  }
}
