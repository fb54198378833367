import { describe, expect, it } from '@jest/globals'
import { Histogram, Registry } from 'prom-client'
import { createLabelTimes } from '../../src/ops/label-times.ts'

const description = { name: 'seconds', help: 'What it took.', buckets: [0.001, 0.01, 0.1] }
const observed = [
  ['/api', 0.0005],
  ['/api', 0.001],
  ['/api', 0.05],
  ['/api', 0.1],
  ['/files', 7],
] as const

function ours(registry: Registry) {
  const timesOf = createLabelTimes([registry], { ...description, label: 'route' })
  for (const [route, seconds] of observed) timesOf(route).observe(seconds)
}

function theirs(registry: Registry) {
  const histogram = new Histogram({ ...description, labelNames: ['route'], registers: [registry] })
  for (const [route, seconds] of observed) histogram.observe({ route }, seconds)
}

describe('times by a label', () => {
  const registries = [ours, theirs].map((observe) => {
    const registry = new Registry()
    observe(registry)
    return registry
  })

  it("are in the text what prom-client's own histogram says", async () => {
    const [own, reference] = await Promise.all(registries.map((registry) => registry.metrics()))
    expect(own).toContain('seconds_bucket{le="0.1",route="/api"} 4')
    expect(own).toBe(reference)
  })

  it('are in a report for other processes, too', async () => {
    const [own, reference] = await Promise.all(registries.map((registry) => registry.getMetricsAsJSON()))
    const values = ([metric]: Awaited<ReturnType<Registry['getMetricsAsJSON']>>) =>
      metric?.values.map(({ labels, value, ...rest }) => ({
        labels,
        value,
        name: (rest as { metricName?: string }).metricName,
      }))
    expect(values(own ?? [])).toEqual(values(reference ?? []))
    expect(own?.[0]).toMatchObject({ name: 'seconds', type: 'histogram', aggregator: 'sum' })
  })
})
