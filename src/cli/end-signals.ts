import { constants } from 'node:os'

/** Ctrl-C under npm comes twice at once, from the terminal and from npm: one wish. */
const sameWishMs = 500

export interface EndSignals {
  /** The first SIGTERM or SIGINT. */
  readonly end: (signal: NodeJS.Signals) => void
  /** What is left to do at the second one, before the process ends at once. */
  readonly atOnce?: () => void
}

/** SIGTERM and SIGINT, from now on. Without this a process that is PID 1 of its container hears neither. */
export function onEndSignals({ end, atOnce }: EndSignals): void {
  let askedAt: number | undefined
  function hear(signal: NodeJS.Signals): void {
    const now = performance.now()
    if (askedAt === undefined) {
      askedAt = now
      end(signal)
    } else if (now - askedAt > sameWishMs) {
      atOnce?.()
      // As a shell would say it.
      process.exit(128 + constants.signals[signal])
    }
  }
  process.on('SIGTERM', hear)
  process.on('SIGINT', hear)
}
