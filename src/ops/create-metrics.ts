import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

/** Where a proxied call's time went, ms. */
export interface ProxiedCall {
  readonly route: string
  /** 0: the client left before there was an answer. */
  readonly status: number
  readonly upstreamMs: number
  readonly ownMs: number
}

export interface MetricsOptions {
  /** Ids and route paths of the configuration: the only values that their labels take. Anything else counts as `other`. */
  readonly providers: readonly string[]
  readonly routes: readonly string[]
  /** Also the Node.js process: CPU, memory, garbage collection (prom-client's defaults). For the process that is ours alone. */
  readonly ofProcess?: boolean
}

export type Metrics = ReturnType<typeof createMetrics>

const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
const shortSeconds = [0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1]

/**
 * What an on-call engineer asks: who can sign in, why sessions ended, where the time goes. No label ever holds what a
 * request said, so that nobody can fill the memory with label values.
 */
export function createMetrics({ providers, routes, ofProcess = false }: MetricsOptions) {
  const registry = new Registry()
  const registers = [registry]
  const counter = (name: string, help: string, labelNames: string[]) =>
    new Counter({ name: `coatcheck_${name}`, help, labelNames, registers })
  const histogram = (name: string, help: string, labelNames: string[], buckets: number[]) =>
    new Histogram({ name: `coatcheck_${name}`, help, labelNames, buckets, registers })
  const oneOf = (known: readonly string[]) => {
    const set = new Set(known)
    return (value: string) => (set.has(value) ? value : 'other')
  }
  const [providerOf, routeOf] = [oneOf(providers), oneOf(routes)]

  const logins = counter('logins_total', 'Login callbacks by outcome.', ['provider', 'outcome'])
  const failures = counter('callback_failures_total', 'Failed callbacks by class.', ['provider', 'class'])
  const started = counter('sessions_started_total', 'Sessions begun, by state.', ['state'])
  const ended = counter('sessions_ended_total', 'Sessions ended, by reason.', ['reason'])
  const reads = counter('session_reads_total', 'Session reads by where the answer was.', ['from'])
  const refused = counter('session_writes_refused_total', 'Writes that came after a session had ended.', [])
  const renewals = counter('token_renewals_total', 'Token renewals by outcome.', ['kind', 'outcome'])
  const leaseWait = histogram('token_lease_wait_seconds', 'Waiting for a renewal lease.', ['kind'], seconds)
  const requests = counter('proxy_requests_total', 'Proxied calls.', ['route', 'status'])
  const upstream = histogram('proxy_upstream_seconds', "The upstream's part.", ['route'], seconds)
  const own = histogram('proxy_own_seconds', "Coatcheck's own part.", ['route'], shortSeconds)
  const limited = counter('rate_limited_total', 'Requests over the rate limit.', [])
  const storeTime = histogram('store_seconds', 'Store calls.', ['store'], shortSeconds)
  const storeErrors = counter('store_errors_total', 'Store calls that failed.', ['store'])
  const connections = new Gauge({
    name: 'coatcheck_connections',
    help: 'Live WebSockets and event streams.',
    labelNames: ['kind'],
    registers,
  })
  const stopWatching = watchEventLoop(registers)
  if (ofProcess) collectDefaultMetrics({ register: registry })

  // Label look-ups cost more than observing: each route's are made once.
  const perRoute = remembered((route: string) => ({
    upstream: upstream.labels(route),
    own: own.labels(route),
    byStatus: remembered((status: string) => requests.labels(route, status)),
  }))

  return {
    login: (provider: string, outcome: string) => logins.inc({ provider: providerOf(provider), outcome }),
    callbackFailed: (provider: string, failure: string) =>
      failures.inc({ provider: providerOf(provider), class: failure }),
    sessionStarted: (state: 'registering' | 'member') => started.inc({ state }),
    sessionEnded: (reason: string) => ended.inc({ reason }),
    sessionRead: (from: 'memory' | 'store') => reads.inc({ from }),
    sessionWriteRefused: () => refused.inc(),
    tokenRenewed(kind: string, outcome: string, leaseWaitMs: number) {
      renewals.inc({ kind, outcome })
      leaseWait.observe({ kind }, leaseWaitMs / 1000)
    },
    proxied({ route, status, upstreamMs, ownMs }: ProxiedCall) {
      const of = perRoute(routeOf(route))
      of.byStatus(statusClass(status)).inc()
      of.upstream.observe(upstreamMs / 1000)
      of.own.observe(ownMs / 1000)
    },
    /** Returns what to call when the connection has ended. */
    connected(kind: 'websocket' | 'event-stream'): () => void {
      connections.inc({ kind })
      let open = true
      return () => {
        if (open) connections.dec({ kind })
        open = false
      }
    },
    rateLimited: () => limited.inc(),
    storeAnswered(store: 'redis' | 'database', durationMs: number, ok: boolean) {
      storeTime.observe({ store }, durationMs / 1000)
      if (!ok) storeErrors.inc({ store })
    },
    storeFailed: (store: 'redis' | 'database') => storeErrors.inc({ store }),
    contentType: registry.contentType,
    /** The Prometheus text format. */
    text: () => registry.metrics(),
    close: () => {
      stopWatching()
      registry.clear()
    },
  }
}

function statusClass(status: number): string {
  return status >= 100 && status < 600 ? `${Math.floor(status / 100)}xx` : 'aborted'
}

function remembered<T>(make: (key: string) => T): (key: string) => T {
  const made = new Map<string, T>()
  return (key) => {
    const known = made.get(key)
    if (known !== undefined) return known
    const fresh = make(key)
    made.set(key, fresh)
    return fresh
  }
}

/** How late timers are: the first sign of a process that is overloaded or blocked. */
function watchEventLoop(registers: Registry[]): () => void {
  const delay = monitorEventLoopDelay({ resolution: 10 })
  delay.enable()
  new Gauge({
    name: 'coatcheck_event_loop_delay_seconds',
    help: 'Event loop delay since the last scrape.',
    labelNames: ['quantile'],
    registers,
    collect() {
      for (const quantile of [50, 99, 100])
        this.set({ quantile: String(quantile / 100) }, delay.percentile(quantile) / 1e9)
      delay.reset()
    },
  })
  return () => void delay.disable()
}
