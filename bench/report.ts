import { cpus, totalmem } from 'node:os'
import type { Sockets } from './idle-sockets.ts'
import { generator } from './load.ts'
import type { Measurement } from './run.ts'
import type { Scenario } from './scenarios.ts'
import { compared, type Figure, middle } from './statistics.ts'
import { markdown, ratio } from './table.ts'

export interface Results {
  readonly measurements: readonly Measurement[]
  readonly sockets: readonly Sockets[]
  readonly scenarios: readonly Scenario[]
  readonly rounds: number
  readonly seconds: number
  readonly connections: number
}

/** Everything measured, as Markdown: medians over the rounds. */
export function report(results: Results): string {
  const { measurements, scenarios, sockets } = results
  const tables = scenarios
    .filter(({ name }) => measurements.some(({ scenario }) => scenario === name))
    .map((scenario) => table(scenario, measurements))
  return [machine(results), ...tables, ...(sockets.length > 0 ? [socketTable(sockets)] : [])].join('\n\n')
}

function machine({ rounds, seconds, connections }: Results): string {
  const [cpu] = cpus()
  const memory = Math.round(totalmem() / 2 ** 30)
  return `${cpus().length} × ${cpu?.model.trim()}, ${memory} GB, Node.js ${process.versions.node}; load from ${generator}, ${connections} connections; one core for the server, the other for load, upstream and Redis; medians of ${rounds} interleaved rounds of ${seconds} s.`
}

const columns = [
  '',
  'requests/s',
  'ratio',
  'CPU µs',
  'ratio',
  'p50 ms',
  'p99 ms',
  'RSS MB',
  'grown by',
  'Redis',
  'errors',
]

function table({ name, against }: Scenario, all: readonly Measurement[]): string {
  const here = all.filter(({ scenario }) => scenario === name)
  const rows = [...new Set(here.map(({ label }) => label))].map((label) => {
    const of = (field: Figure) => middle(here, label, field)
    return [
      label,
      of('perSecond').toFixed(0),
      ratio(compared(here, { label, against, field: 'perSecond' })),
      of('cpuUs').toFixed(0),
      ratio(1 / compared(here, { label, against, field: 'cpuUs' })),
      of('p50Ms').toFixed(2),
      of('p99Ms').toFixed(2),
      of('rssMb').toFixed(0),
      of('rssGrowthMb').toFixed(0),
      of('redisCommands').toFixed(2),
      of('errors').toFixed(0),
    ]
  })
  return `### ${name}\n\nRatios: against ${against}; more is better.\n\n${markdown(columns, rows)}`
}

function socketTable(sockets: readonly Sockets[]): string {
  const rows = sockets.map(({ contestant, count, heldKb, residentKb }) => [
    contestant,
    String(count),
    heldKb.toFixed(1),
    residentKb.toFixed(1),
  ])
  return `### WebSockets that do nothing\n\n${markdown(['', 'sockets', 'KB held by each', 'KB resident'], rows)}`
}
