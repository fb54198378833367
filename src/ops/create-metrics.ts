import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client'
import type { ProviderFailure } from '../providers/provider.ts'
import type { EndReason } from '../session/session.ts'
import { watchEventLoop } from './event-loop-delay.ts'
import { createLabelTimes } from './label-times.ts'
import { createLiveFigures } from './live-figures.ts'
import type { MetricsReport } from './metrics-sum.ts'

/** Where a proxied call's time went, ms. */
export interface ProxiedCall {
  readonly route: string
  /** 0: the client left before there was an answer. */
  readonly status: number
  /** Gate, session and token. */
  readonly ownMs: number
  /** Until the head of the upstream's answer; undefined: it was not asked or did not answer. */
  readonly upstreamMs: number | undefined
  /** Why the answer was ours and not the upstream's: a problem's code. */
  readonly code: string | undefined
}

export interface MetricDescription {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram' | 'summary'
  readonly help: string
  readonly labelNames: readonly string[]
}

export interface MetricsOptions {
  /** Ids and route paths of the configuration: the only values that their labels take. Anything else counts as `other`. */
  readonly providers: readonly string[]
  readonly routes: readonly string[]
  /** Also the Node.js process: CPU, memory, garbage collection (prom-client's defaults). For the process that is ours alone. */
  readonly ofProcess?: boolean
}

const failureClasses: Readonly<Record<ProviderFailure, true>> = {
  denied: true,
  'stale-or-forged': true,
  'code-rejected': true,
  'profile-unusable': true,
  misconfigured: true,
  'rate-limited': true,
  unavailable: true,
}

const endReasons: Readonly<Record<EndReason, true>> = {
  expired: true,
  'signed-out': true,
  'ended-elsewhere': true,
  'ended-by-provider': true,
  'session-limit': true,
  'account-disabled': true,
  'account-deleted': true,
  'provider-grant-ended': true,
  replaced: true,
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
  const times = (name: string, help: string, label: string, buckets: readonly number[]) =>
    createLabelTimes(registers, { name: `coatcheck_${name}`, help, label, buckets })
  const oneOf = (known: readonly string[]) => {
    const set = new Set(known)
    return (value: string) => (set.has(value) ? value : 'other')
  }
  const [providerOf, routeOf] = [oneOf(providers), oneOf(routes)]

  const logins = counter('logins_total', 'Login callbacks by outcome.', ['provider', 'outcome'])
  const failures = counter('callback_failures_total', 'Failed callbacks by class.', ['provider', 'class'])
  const started = counter('sessions_started_total', 'Sessions begun, by state.', ['state'])
  const ended = counter('sessions_ended_total', 'Sessions ended, by reason.', ['reason'])
  const refused = counter('session_writes_refused_total', 'Writes that came after a session had ended.', [])
  const conflicts = counter('session_write_conflicts_total', 'Writes that another was quicker than.', [])
  const forged = counter('session_cookies_refused_total', 'Session cookies that are not ours.', ['why'])
  const unreadable = counter('session_records_unreadable_total', 'Records that no ticket or key opens.', [])
  const renewals = counter('token_renewals_total', 'Token renewals by outcome.', ['kind', 'outcome'])
  const leaseWait = histogram('token_lease_wait_seconds', 'Waiting for a renewal lease.', ['kind'], seconds)
  const problems = counter('proxy_problems_total', 'Calls that coatcheck itself answered.', ['route', 'code'])
  const upstream = times('proxy_upstream_seconds', "The upstream's part.", 'route', seconds)
  const own = times('proxy_own_seconds', "Coatcheck's own part.", 'route', shortSeconds)
  const perRoute = remembered((route: string) => ({
    route,
    upstream: upstream(route),
    own: own(route),
    byStatus: remembered(() => ({ count: 0 })),
  }))
  // Counted in plain numbers, of which prom-client hears when somebody asks.
  new Counter({
    name: 'coatcheck_proxy_requests_total',
    help: 'Proxied calls.',
    labelNames: ['route', 'status'],
    registers,
    collect() {
      this.reset()
      for (const { route, byStatus } of perRoute.all())
        for (const [status, { count }] of byStatus.entries()) this.inc({ route, status }, count)
    },
  })
  const limited = counter('rate_limited_total', 'Requests over the rate limit.', [])
  const storeTime = times('store_seconds', 'Store calls.', 'store', shortSeconds)
  const storeErrors = counter('store_errors_total', 'Store calls that failed.', ['store'])
  const { watch } = createLiveFigures(registers)
  const stopWatching = watchEventLoop(registers)
  if (ofProcess) collectDefaultMetrics({ register: registry })

  // A series that begins with its first event shows no increase: alerts would miss what happens once.
  for (const why of ['signature', 'malformed']) forged.inc({ why }, 0)
  for (const store of ['redis', 'database']) storeErrors.inc({ store }, 0)
  for (const state of ['registering', 'member']) started.inc({ state }, 0)
  for (const reason of Object.keys(endReasons)) ended.inc({ reason }, 0)
  for (const provider of providers)
    for (const failure of Object.keys(failureClasses)) failures.inc({ provider, class: failure }, 0)

  return {
    login: (provider: string, outcome: string) => logins.inc({ provider: providerOf(provider), outcome }),
    callbackFailed: (provider: string, failure: string) =>
      failures.inc({ provider: providerOf(provider), class: failure }),
    sessionStarted: (state: 'registering' | 'member') => started.inc({ state }),
    sessionEnded: (reason: string) => ended.inc({ reason }),
    sessionWriteRefused: () => refused.inc(),
    sessionWriteConflict: () => conflicts.inc(),
    sessionCookieRefused: (why: string) => forged.inc({ why }),
    sessionRecordUnreadable: () => unreadable.inc(),
    tokenRenewed(kind: string, outcome: string, leaseWaitMs: number) {
      renewals.inc({ kind, outcome })
      leaseWait.observe({ kind }, leaseWaitMs / 1000)
    },
    proxied({ route, status, ownMs, upstreamMs, code }: ProxiedCall) {
      const of = perRoute(routeOf(route))
      of.byStatus(statusClass(status)).count += 1
      of.own.observe(ownMs / 1000)
      if (upstreamMs !== undefined) of.upstream.observe(upstreamMs / 1000)
      if (code !== undefined) problems.inc({ route: of.route, code })
    },
    rateLimited: () => limited.inc(),
    /** 0 ms: the store was known to be away, and was not asked. */
    storeAnswered(store: 'redis' | 'database', durationMs: number, ok: boolean) {
      if (durationMs > 0) storeTime(store).observe(durationMs / 1000)
      if (!ok) storeErrors.inc({ store })
    },
    /** What rooms count by themselves is read at each scrape from then on. */
    watch,
    contentType: registry.contentType,
    /** The Prometheus text format. */
    text: () => registry.metrics(),
    /** Every metric there is, for whoever documents or draws them. */
    describe: (): readonly MetricDescription[] =>
      (registry.getMetricsAsArray() as unknown as MetricDescription[]).map(
        ({ name, type, help, labelNames }) => ({ name, type, help, labelNames: [...labelNames] }),
      ),
    /** For a sum over processes. */
    report: (): Promise<MetricsReport> => registry.getMetricsAsJSON(),
    close: () => {
      stopWatching()
      registry.clear()
    },
  }
}

const statusClasses = ['aborted', '1xx', '2xx', '3xx', '4xx', '5xx']

function statusClass(status: number): string {
  return statusClasses[Math.floor(status / 100)] ?? 'aborted'
}

interface Remembered<T> {
  (key: string): T
  all(): Iterable<T>
  entries(): Iterable<[string, T]>
}

function remembered<T>(make: (key: string) => T): Remembered<T> {
  const made = new Map<string, T>()
  const get = (key: string) => {
    const known = made.get(key)
    if (known !== undefined) return known
    const fresh = make(key)
    made.set(key, fresh)
    return fresh
  }
  return Object.assign(get, { all: () => made.values(), entries: () => made.entries() })
}
