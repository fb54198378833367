/** One call of a load, when it is over. */
export interface Sample {
  /** When it began and how long it took, ms; `performance.now()`. */
  readonly at: number
  readonly ms: number
}

export interface SteadyLoad {
  readonly samples: readonly Sample[]
  /** What calls threw, the first hundred. */
  readonly failures: readonly string[]
  readonly failed: number
  /** Begins no more calls, and waits for those under way. */
  stop(): Promise<void>
}

const everyMs = 10

/**
 * So many calls a second, however long each takes: a server that stands still for a moment finds them all waiting, as the
 * users' would be. A call fails by throwing.
 */
export function steadyLoad(perSecond: number, call: () => Promise<void>): SteadyLoad {
  const samples: Sample[] = []
  const failures: string[] = []
  const underWay = new Set<Promise<void>>()
  const startedAt = performance.now()
  let begun = 0
  let failed = 0

  async function begin(): Promise<void> {
    const at = performance.now()
    try {
      await call()
      samples.push({ at, ms: performance.now() - at })
    } catch (error) {
      failed += 1
      const second = ((at - startedAt) / 1000).toFixed(1)
      if (failures.length < 100) failures.push(`after ${second} s: ${String(error)}`)
    }
  }

  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - startedAt) / 1000) * perSecond)
    for (; begun < due; begun += 1) {
      const one = begin().finally(() => underWay.delete(one))
      underWay.add(one)
    }
  }, everyMs)

  return {
    samples,
    failures,
    get failed() {
      return failed
    },
    async stop() {
      clearInterval(timer)
      await Promise.all(underWay)
    },
  }
}

/** `share` from 0 to 1, nearest rank. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
}
