import { cpus, totalmem } from 'node:os'
import type { Sockets } from './idle-sockets.ts'
import { generator } from './load.ts'
import type { Measurement } from './run.ts'
import type { Scenario } from './scenarios.ts'

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
  'Redis',
  'errors',
]

function table({ name, against }: Scenario, all: readonly Measurement[]): string {
  const here = all.filter(({ scenario }) => scenario === name)
  const of = (contestant: string, field: keyof Measurement) =>
    median(here.filter((one) => one.contestant === contestant).map((one) => Number(one[field])))
  const rows = [...new Set(here.map(({ contestant }) => contestant))].map((contestant) => [
    contestant,
    of(contestant, 'perSecond').toFixed(0),
    ratio(of(contestant, 'perSecond') / of(against, 'perSecond')),
    // nginx works in a child process, which is not measured.
    contestant === 'nginx' ? '–' : of(contestant, 'cpuUs').toFixed(0),
    ratio(of(against, 'cpuUs') / of(contestant, 'cpuUs')),
    of(contestant, 'p50Ms').toFixed(2),
    of(contestant, 'p99Ms').toFixed(2),
    of(contestant, 'rssMb').toFixed(0),
    of(contestant, 'redisCommands').toFixed(2),
    of(contestant, 'errors').toFixed(0),
  ])
  return `### ${name}\n\nRatios: against ${against}; more is better.\n\n${markdown(columns, rows)}`
}

function ratio(value: number): string {
  return Number.isFinite(value) ? `${value.toFixed(2)} ×` : '–'
}

function socketTable(sockets: readonly Sockets[]): string {
  const rows = sockets.map(({ contestant, count, kbEach }) => [contestant, String(count), kbEach.toFixed(0)])
  return `### WebSockets that do nothing\n\n${markdown(['', 'sockets', 'KB each'], rows)}`
}

function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map((_, at) => (at === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n')
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2
}
