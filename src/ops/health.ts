import type { IncomingMessage, ServerResponse } from 'node:http'
import { within } from '../deadline.ts'

export interface HealthCheck {
  readonly name: string
  /** Rejects when the thing cannot be reached. */
  readonly ping: () => Promise<unknown>
  /** False: without it the process still serves most of what it is for (the database: members' calls go on). */
  readonly required: boolean
}

export interface Readiness {
  readonly ready: boolean
  readonly draining: boolean
  readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly durationMs: number }[]
}

type Handler = (req: IncomingMessage, res: ServerResponse) => void

export interface Health {
  /** Answers for one second are the same: a probe storm reaches no store. */
  readiness(): Promise<Readiness>
  /** From now on not ready, so that a load balancer looks elsewhere before anything stops. */
  drain(): void
  /** `GET /healthz`: 200 while the process lives. */
  readonly live: Handler
  /** `GET /readyz`: 200 or 503, and no more: who is behind us is nobody's business. */
  readonly ready: Handler
  /** `GET /readyz?verbose`, for the ops listener alone. */
  readonly readyVerbose: Handler
}

const answerWithinMs = 1_000
const sameForMs = 1_000

export function createHealth(checks: readonly HealthCheck[]): Health {
  let draining = false
  let latest: { readonly at: number; readonly results: Promise<Readiness['checks']> } | undefined

  async function readiness(): Promise<Readiness> {
    const now = performance.now()
    if (!latest || now - latest.at > sameForMs) latest = { at: now, results: Promise.all(checks.map(run)) }
    const results = await latest.results
    const reachable = results.every(({ ok }, index) => ok || !checks[index]?.required)
    return { ready: reachable && !draining, draining, checks: results }
  }

  const answer =
    (describe: (readiness: Readiness) => object): Handler =>
    (_req, res) =>
      void readiness().then((state) => sendJson(res, state.ready ? 200 : 503, describe(state)))

  return {
    readiness,
    drain() {
      draining = true
    },
    live: (_req, res) => sendJson(res, 200, { status: 'ok' }),
    ready: answer(({ ready }) => ({ status: ready ? 'ok' : 'unavailable' })),
    readyVerbose: answer(({ ready, ...details }) => ({ status: ready ? 'ok' : 'unavailable', ...details })),
  }
}

async function run({ name, ping }: HealthCheck) {
  const started = performance.now()
  const answered = Promise.resolve()
    .then(ping)
    .then(
      () => true,
      () => false,
    )
  const ok = (await within(answered, answerWithinMs)) === true
  return { name, ok, durationMs: Math.round(performance.now() - started) }
}

function sendJson(res: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body)
  res.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Cache-Control': 'no-store',
    'Content-Length': Buffer.byteLength(text),
  })
  res.end(res.req.method === 'HEAD' ? undefined : text)
}
