import type { Measurement } from './run.ts'

export type Figure = Exclude<keyof Measurement, 'scenario' | 'label' | 'round' | 'twin'>

/** The median of a figure over an entry's rounds; NaN: it was not measured. */
export function middle(all: readonly Measurement[], label: string, field: Figure): number {
  return median(all.filter((one) => one.label === label).map((one) => one[field]))
}

export interface Comparison {
  readonly label: string
  readonly against: string
  readonly field: Figure
}

/**
 * The median of a figure's ratios, each to the other's figure of the same round: both had the same neighbours then. Of
 * several processes each is compared with one of the other's, where that has as many.
 */
export function compared(all: readonly Measurement[], { label, against, field }: Comparison): number {
  const others = all.filter((one) => one.label === against)
  const ratios = all
    .filter((one) => one.label === label)
    .map(({ round, twin, [field]: figure }) => {
      const then = others.filter((other) => other.round === round)
      return figure / ((then.find((other) => other.twin === twin) ?? then[0])?.[field] ?? Number.NaN)
    })
  return median(ratios)
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const half = sorted.length >> 1
  return sorted.length % 2 === 1
    ? (sorted[half] as number)
    : ((sorted[half - 1] ?? Number.NaN) + (sorted[half] ?? Number.NaN)) / 2
}
