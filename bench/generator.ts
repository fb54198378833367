import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Pool } from 'undici'

/** What to send: as many requests as the connections bear, or `rate` per second. */
export interface Job {
  readonly origin: string
  readonly path: string
  readonly method: 'GET' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  /** One Cookie header per request, in turn. */
  readonly cookies: readonly string[]
  /** Whose turn it is first: the runs of a scenario go on where the last one ended. */
  readonly turn?: number
  readonly bodyBytes: number
  readonly connections: number
  readonly seconds: number
  readonly rate?: number
  readonly expected: number
}

export interface Load {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly requests: number
  /** Other statuses than expected, and failures. */
  readonly errors: number
}

/** Run as a program of its own: the job's file as argument, the result as JSON on stdout. */
const job: Job = JSON.parse(readFileSync(process.argv[2] as string, 'utf8'))
const pool = new Pool(job.origin, { connections: job.connections, pipelining: 1 })
const body = job.bodyBytes > 0 ? Buffer.alloc(job.bodyBytes, 120) : null
const latencies: number[] = []
let errors = 0
let sent = job.turn ?? 0

function call(dueAt: number): Promise<void> {
  const cookie = job.cookies[sent % Math.max(1, job.cookies.length)]
  sent += 1
  return new Promise((resolve) => {
    let status = 0
    pool.dispatch(
      {
        path: job.path,
        method: job.method,
        headers: { ...job.headers, ...(cookie !== undefined && { cookie }) },
        body,
      },
      {
        onRequestStart() {},
        onResponseStart(_controller, statusCode) {
          status = statusCode
        },
        onResponseData() {},
        onResponseEnd() {
          latencies.push(performance.now() - dueAt)
          if (status !== job.expected) errors += 1
          resolve()
        },
        onResponseError() {
          errors += 1
          resolve()
        },
      },
    )
  })
}

const startedAt = performance.now()
const endsAt = startedAt + job.seconds * 1000

async function asFastAsPossible() {
  while (performance.now() < endsAt) await call(performance.now())
}

/** Open loop: a late answer does not delay the next request, and waiting counts (no coordinated omission). */
async function atRate(rate: number) {
  const running: Promise<void>[] = []
  for (let index = 0; ; index += 1) {
    const dueAt = startedAt + (index * 1000) / rate
    if (dueAt >= endsAt) break
    // Sleeping, because upstream and Redis live on this core too; up to 1 ms late, and that counts for everybody.
    while (performance.now() < dueAt) await sleep(1)
    running.push(call(dueAt))
  }
  await Promise.all(running)
}

if (job.rate) await atRate(job.rate)
else await Promise.all(Array.from({ length: job.connections }, asFastAsPossible))
const seconds = (performance.now() - startedAt) / 1000
latencies.sort((a, b) => a - b)
const at = (share: number) =>
  latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0
const load: Load = {
  perSecond: latencies.length / seconds,
  p50Ms: at(0.5),
  p99Ms: at(0.99),
  requests: latencies.length,
  errors,
}
console.log(JSON.stringify(load))
process.exit(0)
