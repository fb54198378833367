import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible'
import type { Clock } from '../clock.ts'
import { within } from '../deadline.ts'
import { clientNetwork } from './client-network.ts'

export interface RateLimiterOptions {
  readonly requests: number
  readonly windowMs: number
  /** The node-redis client, so that all instances count together; undefined: this process counts alone. */
  readonly redis?: unknown
  /** Before every key. */
  readonly prefix: string
  readonly clock: Clock
}

export interface RateLimit {
  readonly allowed: boolean
  /** When the next request will pass; 0 when this one does. */
  readonly retryAfterSeconds: number
}

export interface RateLimiter {
  /** Counts a request of a client. A store that fails or is slow limits nobody. */
  check(address: string): Promise<RateLimit>
}

const answerWithinMs = 250
const passes: RateLimit = { allowed: true, retryAfterSeconds: 0 }

/** At most `requests` per client in each window of `windowMs`. Our clock tells the windows; the library only counts in them. */
export function createRateLimiter(options: RateLimiterOptions): RateLimiter {
  const { requests, windowMs, redis, prefix, clock } = options
  const settings = {
    points: requests,
    // In the store's own time, to forget a window: never before it is over.
    duration: Math.ceil(windowMs / 1000) + 1,
    keyPrefix: `${prefix}limit`,
  }
  const counter =
    redis === undefined
      ? new RateLimiterMemory(settings)
      : new RateLimiterRedis({
          ...settings,
          storeClient: redis,
          useRedisPackage: true,
          // Whoever is over the limit costs the store nothing more.
          inMemoryBlockOnConsumed: requests + 1,
        })

  return {
    async check(address) {
      const now = clock()
      const window = Math.floor(now / windowMs)
      const refused = await isRefused(counter.consume(`${clientNetwork(address)} ${window}`))
      if (!refused) return passes
      return { allowed: false, retryAfterSeconds: Math.ceil(((window + 1) * windowMs - now) / 1000) }
    },
  }
}

/** The library rejects with its result when a client is over the limit, and with an Error when the store failed. */
function isRefused(counted: Promise<unknown>): Promise<boolean> {
  return within(counted, answerWithinMs).then(
    () => false,
    (reason: unknown) => reason instanceof RateLimiterRes,
  )
}
