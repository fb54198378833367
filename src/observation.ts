import type { LoginOutcome } from './login/login-room.ts'
import type { Metrics } from './ops/create-metrics.ts'
import type { Log } from './ops/log.ts'
import type { RequestLog } from './ops/log-requests.ts'
import type { StoreCall, Tracing } from './ops/tracing/tracing.ts'
import type { ProxySample } from './proxy/proxy-context.ts'
import type { SessionEventListener } from './session/session-events.ts'

/** What the session room reports, as figures. */
export function countSessions(metrics: Metrics): SessionEventListener {
  return (event, labels = {}) => {
    if (event === 'begun') metrics.sessionStarted(labels['state'] === 'member' ? 'member' : 'registering')
    else if (event === 'ended') metrics.sessionEnded(labels['reason'] ?? 'other')
    else if (event === 'write-refused') metrics.sessionWriteRefused()
    else if (event === 'conflict') metrics.sessionWriteConflict()
    else if (event === 'cookie-refused') metrics.sessionCookieRefused(labels['why'] ?? 'other')
    else if (event === 'record-unreadable') metrics.sessionRecordUnreadable()
  }
}

/** Where the proxy's calls are told of. */
export interface CallReports {
  readonly metrics: Metrics
  readonly log: Pick<Log, 'info'>
  readonly requestLog: RequestLog | undefined
  readonly tracing: Tracing | undefined
}

/** A call as figures (the upstream's part of the time, and ours) and as a line. A try to get around the gate is an event besides (ASVS V16.3.3). */
export function reportCalls({
  metrics,
  log,
  requestLog,
  tracing,
}: CallReports): (sample: ProxySample) => void {
  return (sample) => {
    metrics.proxied(sample)
    requestLog?.(sample)
    const { code, route, method, requestId, upgrade, status } = sample
    if (upgrade) tracing?.answered(upgrade, { status, problem: code, route })
    if (code === 'cross-site-request') log.info('proxy.cross-site', { route, method, requestId })
  }
}

/** What the login room reports, as figures. */
export function countLogins(metrics: Metrics): (outcome: LoginOutcome) => void {
  return ({ provider, outcome, failureClass }) => {
    metrics.login(provider, outcome)
    if (failureClass !== undefined) metrics.callbackFailed(provider, failureClass)
  }
}

/** What a room reports of its store: time and failures; and a span of it, for whatever request it was. */
export function observeStore(metrics: Metrics, system: StoreCall['system'], tracing: Tracing | undefined) {
  const store = system === 'redis' ? 'redis' : 'database'
  return (durationMs: number, ok: boolean) => {
    metrics.storeAnswered(store, durationMs, ok)
    tracing?.did({ system, durationMs, ok })
  }
}
