import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { Problem, sendProblem } from '../http/problem.ts'
import { requestId } from '../http/request-id.ts'
import type { Metrics } from './create-metrics.ts'
import type { Health } from './health.ts'

/** What OPS_PORT listens with: `/metrics`, `/readyz[?verbose]`, `/healthz`. Not for the public: it says what is behind us. */
export function createOpsListener(
  metrics: Pick<Metrics, 'text' | 'contentType'>,
  health: Health,
): RequestListener {
  async function sendMetrics(res: ServerResponse) {
    const text = await metrics.text()
    res.writeHead(200, { 'Content-Type': metrics.contentType, 'Cache-Control': 'no-store' })
    res.end(res.req.method === 'HEAD' ? undefined : text)
  }

  async function answer(req: IncomingMessage, res: ServerResponse) {
    if (req.method !== 'GET' && req.method !== 'HEAD')
      throw new Problem('method-not-allowed', { headers: { Allow: 'GET, HEAD' } })
    const [path, query] = (req.url ?? '').split('?')
    if (path === '/metrics') return sendMetrics(res)
    if (path === '/healthz') return health.live(req, res)
    if (path !== '/readyz') throw new Problem('not-found')
    const verbose = new URLSearchParams(query).has('verbose')
    return verbose ? health.readyVerbose(req, res) : health.ready(req, res)
  }

  return function opsListener(req, res) {
    answer(req, res).catch((error: unknown) => {
      const problem = error instanceof Problem ? error : new Problem('internal-error', { cause: error })
      sendProblem(res, problem, requestId(req))
    })
  }
}
