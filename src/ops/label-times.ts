import type { Metric, Registry } from 'prom-client'

export interface LabelTimesOptions {
  readonly name: string
  readonly help: string
  /** The label's name; its values are few. */
  readonly label: string
  /** Upper bounds, seconds, ascending. */
  readonly buckets: readonly number[]
}

/** The times of one value of the label. */
export interface Times {
  /** `seconds`: finite. */
  observe(seconds: number): void
}

interface Counted extends Times {
  readonly counts: Float64Array
  sum: number
}

/**
 * A histogram by one label, in prom-client's registry and of its shape. prom-client's own makes an object and a hash of the
 * labels at each observation, which costs a proxied call more than the gate does; this one adds to two numbers.
 */
export function createLabelTimes(
  registries: readonly Registry[],
  { name, help, label, buckets }: LabelTimesOptions,
): (value: string) => Times {
  const byValue = new Map<string, Counted>()
  const metric = {
    name,
    help,
    type: 'histogram',
    labelNames: [label],
    aggregator: 'sum',
    async get() {
      return { name, help, type: 'histogram', aggregator: 'sum', values: [...byValue].flatMap(valuesOf) }
    },
    reset: () => byValue.clear(),
  }
  for (const registry of registries) registry.registerMetric(metric as unknown as Metric)

  function valuesOf([of, { counts, sum }]: [string, Counted]) {
    let count = 0
    const bucketValues = Array.from(counts, (here, at) => {
      count += here
      return {
        labels: { le: buckets[at] ?? '+Inf', [label]: of },
        value: count,
        metricName: `${name}_bucket`,
      }
    })
    return [
      ...bucketValues,
      { labels: { [label]: of }, value: sum, metricName: `${name}_sum` },
      { labels: { [label]: of }, value: count, metricName: `${name}_count` },
    ]
  }

  return (value) => {
    const known = byValue.get(value)
    if (known !== undefined) return known
    const counts = new Float64Array(buckets.length + 1)
    const times = {
      counts,
      sum: 0,
      observe(seconds: number) {
        times.sum += seconds
        let at = 0
        while (at < buckets.length && seconds > (buckets[at] as number)) at += 1
        ;(counts[at] as number) += 1
      },
    }
    byValue.set(value, times)
    return times
  }
}
