import { AggregatorRegistry } from 'prom-client'

/** One process's metrics (prom-client's JSON), as they travel between processes. */
export type MetricsReport = readonly { readonly type: unknown }[]

/** The metrics of several processes as one scrape. */
export interface MetricsSum {
  /** @param reports of every process that answered, by its number. The Prometheus text format */
  of(reports: ReadonlyMap<number, MetricsReport>): Promise<string>
  /** A process has ended: what it had counted stays counted. */
  ended(process: number): void
}

/**
 * Sums up what processes report, each metric in its own way (prom-client's `aggregator`). What a process once counted stays in
 * the sum when it ends or does not answer: a counter that falls looks to Prometheus as if everything had happened anew.
 */
export function createMetricsSum(): MetricsSum {
  const latest = new Map<number, MetricsReport>()
  let past: MetricsReport = []

  return {
    async of(reports) {
      const silent = [...latest].filter(([process]) => !reports.has(process))
      for (const [process, report] of reports) latest.set(process, report)
      return summed([...reports.values(), past, ...silent.map(([, report]) => counted(report))]).metrics()
    },
    ended(process) {
      const last = latest.get(process)
      latest.delete(process)
      if (last) past = summed([past, counted(last)]).getMetricsAsArray()
    },
  }
}

const summed = (reports: MetricsReport[]) => AggregatorRegistry.aggregate(reports)

/** What only grows. */
function counted(report: MetricsReport): MetricsReport {
  return report.filter(({ type }) => type === 'counter' || type === 'histogram')
}
