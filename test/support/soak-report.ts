import { median, type ProcessFigures, robustSlope } from './process-figures.ts'
import { drawPanels } from './soak-plot.ts'
import type { Traffic } from './soak-traffic.ts'

/** A look at the server while it works. */
export interface Moment extends ProcessFigures {
  /** s since the traffic began. */
  readonly second: number
  /** Of the reads that ended since the last moment, ms. */
  readonly p50: number
  readonly p99: number
}

/** What is alive on the heap after a full collection, which the server makes at SIGUSR2. */
export interface Weighing {
  readonly second: number
  readonly liveMb: number
}

export interface Findings {
  readonly moments: readonly Moment[]
  readonly weighed: readonly Weighing[]
  readonly after: ProcessFigures
}

/** By how much of its median a figure grows from the first to the last of these, by the robust slope. */
export function growth<T extends { readonly second: number }>(
  some: readonly T[],
  figure: (one: T) => number,
): number {
  const [xs, ys] = [some.map(({ second }) => second), some.map(figure)]
  return (robustSlope(xs, ys) * ((xs.at(-1) as number) - (xs[0] as number))) / median(ys)
}

export function laterHalf<T>(all: readonly T[]): readonly T[] {
  return all.slice(all.length >> 1)
}

/** What a soak found, for people. */
export function describeSoak(traffic: Traffic, { moments, weighed, after }: Findings): string {
  const halves = [moments.slice(2, moments.length >> 1), laterHalf(moments)]
  const compared = (figure: (moment: Moment) => number, of = median) =>
    halves.map((half) => of(half.map(figure)).toFixed(1)).join(' → ')
  const most = (values: readonly number[]) => Math.max(...values)
  const counts = Object.entries(traffic.loads).map(([kind, { samples }]) => `${kind} ${samples.length}`)
  const [first, last] = [weighed[weighed.length >> 1]?.liveMb ?? 0, weighed.at(-1)?.liveMb ?? 0]
  const percent = (growth(laterHalf(weighed), ({ liveMb }) => liveMb) * 100).toFixed(1)
  return [
    `${moments.at(-1)?.second.toFixed(0)} s: ${counts.join(', ')}, sockets and streams ${traffic.visits()}; failed ${traffic.failures().length}`,
    `alive on the heap after a full collection: ${first.toFixed(1)} → ${last.toFixed(1)} MB over the second half, slope ${percent} %`,
    'first half → second half:',
    `highest RSS ${compared(({ rssMb }) => rssMb, most)} MB, median heap in use ${compared(({ heapMb }) => heapMb)} MB`,
    `most descriptors ${compared((one) => one.descriptors, most)}`,
    `median p50 ${compared(({ p50 }) => p50)} ms, median p99 ${compared(({ p99 }) => p99)} ms`,
    `afterwards: RSS ${after.rssMb.toFixed(1)} MB, descriptors ${after.descriptors}`,
    ...after.lines.filter((line) => line.startsWith('coatcheck_token_renewals_total')),
  ].join('\n')
}

/** The same as an SVG. */
export function drawSoak({ moments, weighed }: Findings): string {
  const points = (figure: (moment: Moment) => number) =>
    moments.map((one) => [one.second, figure(one)] as const)
  const [blue, green, red] = ['#1a5fb4', '#26a269', '#c64600']
  return drawPanels([
    {
      title: 'Memory of the server',
      unit: 'MB',
      lines: [
        { label: 'RSS', colour: blue, points: points(({ rssMb }) => rssMb) },
        { label: 'heap in use', colour: green, points: points(({ heapMb }) => heapMb) },
        {
          label: 'alive on the heap',
          colour: red,
          points: weighed.map(({ second, liveMb }) => [second, liveMb]),
        },
      ],
    },
    {
      title: 'Reads through to the API, which takes 5 ms itself',
      unit: 'ms',
      log: true,
      lines: [
        { label: 'p50', colour: green, points: points(({ p50 }) => p50) },
        { label: 'p99', colour: red, points: points(({ p99 }) => p99) },
      ],
    },
    {
      title: 'Open descriptors',
      unit: '',
      lines: [{ label: 'sockets and files', colour: blue, points: points((one) => one.descriptors) }],
    },
  ])
}
