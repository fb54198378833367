import { describe, expect, it } from '@jest/globals'
import { createMetrics } from '../../src/ops/create-metrics.ts'

const call = { route: '/api', status: 200, upstreamMs: 1, ownMs: 1, code: undefined }
const kakaoAndApi = { providers: ['kakao'], routes: ['/api'] }

describe('the metrics', () => {
  it('count logins, callbacks, sessions, renewals and stores', async () => {
    const metrics = createMetrics(kakaoAndApi)
    metrics.login('kakao', 'member')
    metrics.callbackFailed('kakao', 'code-rejected')
    metrics.sessionStarted('registering')
    metrics.sessionEnded('signed-out')
    metrics.sessionWriteConflict()
    metrics.sessionCookieRefused('signature')
    metrics.sessionRecordUnreadable()
    metrics.sessionWriteRefused()
    metrics.tokenRenewed('provider', 'renewed', 120)
    metrics.rateLimited()
    metrics.storeAnswered('redis', 2, false)
    const text = await metrics.text()
    for (const line of [
      'coatcheck_logins_total{provider="kakao",outcome="member"} 1',
      'coatcheck_callback_failures_total{provider="kakao",class="code-rejected"} 1',
      'coatcheck_sessions_started_total{state="registering"} 1',
      'coatcheck_sessions_ended_total{reason="signed-out"} 1',
      'coatcheck_session_write_conflicts_total 1',
      'coatcheck_session_cookies_refused_total{why="signature"} 1',
      'coatcheck_session_records_unreadable_total 1',
      'coatcheck_session_writes_refused_total 1',
      'coatcheck_token_renewals_total{kind="provider",outcome="renewed"} 1',
      'coatcheck_token_lease_wait_seconds_sum{kind="provider"} 0.12',
      'coatcheck_rate_limited_total 1',
      'coatcheck_store_seconds_sum{store="redis"} 0.002',
      'coatcheck_store_errors_total{store="redis"} 1',
    ])
      expect(text).toContain(`${line}\n`)
    metrics.close()
  })

  it('tell where the time of proxied calls went', async () => {
    const metrics = createMetrics(kakaoAndApi)
    metrics.proxied({ ...call, status: 204, upstreamMs: 20, ownMs: 0.4 })
    metrics.proxied({ ...call, status: 0, upstreamMs: 5, ownMs: 0.1 })
    const text = await metrics.text()
    expect(text).toContain('coatcheck_proxy_requests_total{route="/api",status="2xx"} 1\n')
    expect(text).toContain('coatcheck_proxy_requests_total{route="/api",status="aborted"} 1\n')
    expect(text).toContain('coatcheck_proxy_upstream_seconds_sum{route="/api"} 0.025\n')
    expect(text).toContain('coatcheck_proxy_own_seconds_bucket{le="0.0005",route="/api"} 2\n')
    metrics.close()
  })

  it('name the problem of a call that coatcheck answered itself', async () => {
    const metrics = createMetrics(kakaoAndApi)
    const refused = { ...call, status: 401, upstreamMs: undefined, ownMs: 0.1 }
    metrics.proxied({ ...refused, code: 'session-required' })
    expect(await metrics.text()).toContain(
      'coatcheck_proxy_problems_total{route="/api",code="session-required"} 1\n',
    )
    metrics.close()
  })

  it('read at a scrape what rooms count by themselves', async () => {
    const metrics = createMetrics(kakaoAndApi)
    expect(await metrics.text()).toContain('coatcheck_connections{kind="websocket"} 0\n')
    let reads = 5
    metrics.watch({
      connections: () => ({ webSockets: 2, eventStreams: 3 }),
      sessions: {
        readsFromMemory: () => reads,
        readsFromStore: () => 3,
        copies: () => ({ registering: 1, member: 4 }),
        stalestMs: () => 250,
      },
    })
    await metrics.text()
    reads = 7
    const text = await metrics.text()
    for (const line of [
      'coatcheck_connections{kind="websocket"} 2',
      'coatcheck_connections{kind="event-stream"} 3',
      'coatcheck_session_copies{state="registering"} 1',
      'coatcheck_session_copies{state="member"} 4',
      'coatcheck_session_staleness_seconds 0.25',
      'coatcheck_session_reads_total{from="memory"} 7',
      'coatcheck_session_reads_total{from="store"} 3',
    ])
      expect(text).toContain(`${line}\n`)
    metrics.close()
  })

  it('count a store that was not even asked as an error, not as a fast answer', async () => {
    const metrics = createMetrics(kakaoAndApi)
    metrics.storeAnswered('redis', 0, false)
    const text = await metrics.text()
    expect(text).toContain('coatcheck_store_errors_total{store="redis"} 1\n')
    expect(text).not.toContain('coatcheck_store_seconds_count{store="redis"}')
    metrics.close()
  })

  it('begin at zero where an alert waits for the first event', async () => {
    const metrics = createMetrics(kakaoAndApi)
    const text = await metrics.text()
    for (const line of [
      'coatcheck_callback_failures_total{provider="kakao",class="misconfigured"} 0',
      'coatcheck_sessions_ended_total{reason="ended-by-provider"} 0',
      'coatcheck_store_errors_total{store="database"} 0',
      'coatcheck_session_cookies_refused_total{why="signature"} 0',
    ])
      expect(text).toContain(`${line}\n`)
    metrics.close()
  })

  it('have no label that a request could choose', async () => {
    const metrics = createMetrics(kakaoAndApi)
    for (let n = 0; n < 1_000; n += 1) {
      metrics.login(`stranger-${n}`, 'member')
      metrics.proxied({ ...call, route: `/stranger-${n}` })
    }
    const text = await metrics.text()
    expect(text).not.toContain('stranger')
    expect(text).toContain('coatcheck_logins_total{provider="other",outcome="member"} 1000\n')
    metrics.close()
  })

  it('of two instances in one process are two', async () => {
    const [one, other] = [createMetrics(kakaoAndApi), createMetrics({ ...kakaoAndApi, ofProcess: true })]
    one.rateLimited()
    expect(await other.text()).not.toContain('coatcheck_rate_limited_total 1')
    expect(await other.text()).toContain('process_cpu_seconds_total')
    expect(await one.text()).not.toContain('process_cpu_seconds_total')
    one.close()
    other.close()
  })
})
