import { describe, expect, it } from '@jest/globals'
import { createMetrics } from '../../src/ops/create-metrics.ts'
import { createMetricsSum, type MetricsReport } from '../../src/ops/metrics-sum.ts'
import { figuresIn } from './observed-house.ts'

/** A process that has limited so many requests and has so many streams open. */
async function process(limited: number, eventStreams: number): Promise<MetricsReport> {
  const metrics = createMetrics({ providers: ['kakao'], routes: ['/api'] })
  for (let count = 0; count < limited; count += 1) metrics.rateLimited()
  metrics.proxied({ route: '/api', status: 200, ownMs: 1, upstreamMs: 20, code: undefined })
  metrics.watch({
    connections: () => ({ webSockets: 0, eventStreams }),
    sessions: {
      readsFromMemory: () => limited,
      readsFromStore: () => 0,
      copies: () => ({ registering: 0, member: 1 }),
      stalestMs: () => eventStreams * 100,
    },
  })
  const report = await metrics.report()
  metrics.close()
  // As it comes out of Node's channel.
  return JSON.parse(JSON.stringify(report))
}

describe('the sum over processes', () => {
  it('adds up what they have counted, and what is open now; staleness is that of the worst', async () => {
    const sum = createMetricsSum()
    const reports = new Map([
      [1, await process(2, 3)],
      [2, await process(5, 1)],
    ])
    const { of } = figuresIn(await sum.of(reports))
    expect(of('coatcheck_rate_limited_total')).toBe(7)
    expect(of('coatcheck_session_reads_total{from="memory"}')).toBe(7)
    expect(of('coatcheck_connections{kind="event-stream"}')).toBe(4)
    expect(of('coatcheck_session_staleness_seconds')).toBeCloseTo(0.3)
    expect(of('coatcheck_proxy_upstream_seconds_count{route="/api"}')).toBe(2)
    expect(of('coatcheck_proxy_upstream_seconds_bucket{le="0.025",route="/api"}')).toBe(2)
    expect(of('coatcheck_processes')).toBe(2)
  })

  it('does not fall when a process ends, nor when another one takes its place', async () => {
    const sum = createMetricsSum()
    const other = await process(5, 1)
    await sum.of(
      new Map([
        [1, await process(2, 3)],
        [2, other],
      ]),
    )
    sum.ended(1)
    const without = figuresIn(await sum.of(new Map([[2, other]])))
    expect(without.of('coatcheck_rate_limited_total')).toBe(7)
    expect(without.of('coatcheck_proxy_upstream_seconds_count{route="/api"}')).toBe(2)
    expect(without.of('coatcheck_connections{kind="event-stream"}')).toBe(1)
    const again = figuresIn(
      await sum.of(
        new Map([
          [2, other],
          [3, await process(1, 0)],
        ]),
      ),
    )
    expect(again.of('coatcheck_rate_limited_total')).toBe(8)
    sum.ended(3)
    sum.ended(2)
    expect(figuresIn(await sum.of(new Map())).of('coatcheck_rate_limited_total')).toBe(8)
  })

  it('knows what a process had counted that does not answer now, and says that it is missing', async () => {
    const sum = createMetricsSum()
    const other = await process(5, 1)
    await sum.of(
      new Map([
        [1, await process(2, 3)],
        [2, other],
      ]),
    )
    const { of } = figuresIn(await sum.of(new Map([[2, other]])))
    expect(of('coatcheck_rate_limited_total')).toBe(7)
    expect(of('coatcheck_processes')).toBe(1)
  })
})
