/** What a server says of itself on its ops listener. */
export interface ProcessFigures {
  readonly rssMb: number
  readonly heapMb: number
  /** Open file descriptors: sockets, mostly. */
  readonly descriptors: number
  /** WebSockets and event streams, and everything else that coatcheck counts. */
  readonly lines: readonly string[]
}

/** Asks `/metrics` of the server whose OPS_PORT this is. */
export async function processFigures(opsPort: number): Promise<ProcessFigures> {
  const text = await (await fetch(`http://127.0.0.1:${opsPort}/metrics`)).text()
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return {
    rssMb: sum(lines, 'process_resident_memory_bytes') / 2 ** 20,
    heapMb: sum(lines, 'nodejs_heap_size_used_bytes') / 2 ** 20,
    descriptors: sum(lines, 'process_open_fds'),
    lines,
  }
}

/** Of a metric over all its labels. @throws Error where it is not there */
export function sum(lines: readonly string[], metric: string): number {
  const found = lines.filter((line) => line.startsWith(`${metric} `) || line.startsWith(`${metric}{`))
  if (found.length === 0) throw new Error(`no metric ${metric}`)
  return found.reduce((total, line) => total + Number(line.slice(line.lastIndexOf(' '))), 0)
}

/** The median of the slopes between all pairs of points (Theil and Sen): what one spike cannot turn. Per unit of `xs`. */
export function robustSlope(xs: readonly number[], ys: readonly number[]): number {
  const slopes = xs.flatMap((x, i) =>
    xs.slice(i + 1).map((other, j) => ((ys[i + 1 + j] as number) - (ys[i] as number)) / (other - x)),
  )
  return median(slopes)
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN
}
