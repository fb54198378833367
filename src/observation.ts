import type { LoginOutcome } from './login/login-room.ts'
import type { Metrics } from './ops/create-metrics.ts'
import type { ProxySample } from './proxy/proxy-context.ts'
import type { SessionEventListener } from './session/session-events.ts'

/** What the session room reports, as figures. */
export function countSessions(metrics: Metrics): SessionEventListener {
  return (event, labels = {}) => {
    if (event === 'begun') metrics.sessionStarted(labels['state'] === 'member' ? 'member' : 'registering')
    else if (event === 'ended') metrics.sessionEnded(labels['reason'] ?? 'other')
    else if (event === 'record-read') metrics.sessionRead('store')
    else if (event === 'conflict') metrics.sessionWriteRefused()
    else if (event === 'store-failed') metrics.storeFailed('redis')
  }
}

/** What the proxy reports of a call, as figures: the upstream's part of the time, and ours. */
export function countCalls(metrics: Metrics): (sample: ProxySample) => void {
  return ({ route, status, durationMs, upstreamMs = 0 }) =>
    metrics.proxied({ route, status, upstreamMs, ownMs: Math.max(0, durationMs - upstreamMs) })
}

/** What the login room reports, as figures. */
export function countLogins(metrics: Metrics): (outcome: LoginOutcome) => void {
  return ({ provider, outcome, failureClass }) => {
    metrics.login(provider, outcome)
    if (failureClass !== undefined) metrics.callbackFailed(provider, failureClass)
  }
}
