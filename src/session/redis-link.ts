import { setTimeout as sleep } from 'node:timers/promises'
import type { RedisConfig } from '../config/config.ts'
import { Problem } from '../http/problem.ts'
import type { Log } from '../ops/log.ts'
import { createRedisClient, type RedisCommands, type RedisReads } from './redis-client.ts'
import { startHeartbeat } from './redis-heartbeat.ts'
import { type NoticeListener, RedisNotices } from './redis-notices.ts'
import { createReplication, type KeepWrite } from './redis-replication.ts'

const deadlinesMs = { read: 250, write: 1_000 }
/** How long a start waits for Redis before it goes on without (and is not ready). */
const startPatienceMs = 2_000
/** In a cluster and behind sentinels: connections for the writes that wait for a replica, beside the one for all else. */
const laneCount = 4
/** With notices, a re-read stands behind them; without, copies are this old at most. */
const believedWithNoticesMs = 10_000
const believedWithoutNoticesMs = 1_000

/** The way to Redis: every command under a deadline of our own, every failure a Problem. */
export interface RedisLink {
  /** Stands for node-redis's client, whichever that is by now: where notices are refused, the first one is replaced. */
  readonly native: object
  read<T>(command: (redis: RedisReads) => Promise<T>): Promise<T>
  /** Failing, it says nothing about whether the command ran. */
  write<T>(command: (redis: RedisCommands) => Promise<T>): Promise<T>
  /** A write that is confirmed when a replica has it too, where there are replicas. */
  readonly keep: KeepWrite
  /** Keys live on several masters: what one has replicated says nothing of another. */
  readonly scattered: boolean
  /** How old a copy of something read here may be, ms; 0: notices may have been missed. */
  believableMs(): number
  /** The longest that a notice can have been missing while copies were believed, since this was last asked, ms. */
  unheardMs(): number
  listen(listener: NoticeListener): void
  close(): Promise<void>
}

/** What Redis answers where it (or a proxy before it) knows no RESP3 or no CLIENT TRACKING. */
const refusal = /^(NOPROTO|NOPERM|ERR unknown)/i

/** Told of each command: how long it took, ms, and whether it was answered in time; 0: it was not even sent. */
export type StoreObserver = (durationMs: number, ok: boolean) => void

/** Connects, and keeps connecting; resolves after a while even without success. */
export async function openRedisLink(
  config: RedisConfig,
  log: Log,
  observe: StoreObserver = () => undefined,
): Promise<RedisLink> {
  const listeners: NoticeListener[] = []
  const lost = () => {
    for (const listener of listeners) listener.lost()
  }
  const changed = (key: string) => {
    for (const listener of listeners) listener.changed(key)
  }
  let tracked = true
  let closed = false
  let client = open()
  const lanes = Array.from({ length: config.mode === 'single' ? 0 : laneCount }, openLane)

  function open() {
    const opened = createRedisClient(config, tracked ? new RedisNotices({ changed, lost }) : undefined)
    opened.onError((error) => {
      if (opened !== client || closed) return
      log.debug('session-store.error', { message: error.message })
      if (tracked && refusal.test(error.message)) withoutNotices()
    })
    return opened
  }

  function withoutNotices(): void {
    log.warn('session-store.without-notices', { copiesBelievedMs: believedWithoutNoticesMs })
    tracked = false
    const refused = client
    client = open()
    void refused.destroy().catch(() => undefined)
    void keepConnecting(client)
  }

  function openLane() {
    const lane = createRedisClient(config, undefined)
    lane.onError((error) => log.debug('session-store.error', { message: error.message }))
    return lane
  }

  async function keepConnecting(mine: typeof client): Promise<void> {
    while (!closed && (mine === client || lanes.includes(mine))) {
      try {
        await mine.connect()
        heartbeat.beat()
        return
      } catch (error) {
        log.debug('session-store.error', { message: String(error) })
        await sleep(500, undefined, { ref: false })
      }
    }
  }

  const arrival = Promise.withResolvers<void>()
  const heartbeat = startHeartbeat(
    () => client.connections(),
    (alive) => {
      if (alive) arrival.resolve()
      else lost()
      log[alive ? 'info' : 'error'](alive ? 'session-store.reached' : 'session-store.unreachable')
    },
  )

  async function within<T>(operation: 'read' | 'write', command: () => Promise<T>): Promise<T> {
    const ms = deadlinesMs[operation]
    if (closed || heartbeat.silent()) {
      observe(0, false)
      throw unavailable(new Error('Redis is silent'))
    }
    const startedAt = performance.now()
    let timer: NodeJS.Timeout | undefined
    const deadline = new Promise<never>((_, reject) => {
      // After a stall of our own the answer may be waiting to be read: it gets its turn before it is called missing.
      const late = () => reject(new Error(`no answer from Redis within ${ms} ms`))
      timer = setTimeout(() => setImmediate(late), ms)
    })
    try {
      const reply = await Promise.race([command(), deadline])
      observe(performance.now() - startedAt, true)
      return reply
    } catch (error) {
      observe(performance.now() - startedAt, false)
      throw unavailable(error)
    } finally {
      clearTimeout(timer)
    }
  }

  const keep = createReplication(() => client, lanes, log)

  // The common connection first: all of them at once make each other late.
  const arrivals = arrival.promise.then(() => Promise.all(lanes.map(keepConnecting)))
  void keepConnecting(client)
  await Promise.race([arrivals, sleep(startPatienceMs, undefined, { ref: false })])
  return {
    native: standIn(() => client.native),
    read: (command) => within('read', () => command(client.reads)),
    write: (command) => within('write', () => command(client.commands)),
    keep: (command) => within('write', () => keep(command)),
    scattered: config.mode === 'cluster',
    believableMs() {
      if (!tracked) return believedWithoutNoticesMs
      return heartbeat.alive() ? believedWithNoticesMs : 0
    },
    unheardMs: () => (tracked ? heartbeat.unprovenMs() : believedWithoutNoticesMs),
    listen: (listener) => void listeners.push(listener),
    async close() {
      closed = true
      heartbeat.close()
      await Promise.allSettled([client, ...lanes].map((one) => one.destroy()))
    },
  }
}

/** An object that is whatever `current` answers at the time it is asked. */
function standIn(current: () => object): object {
  return new Proxy(
    {},
    {
      get(_, name) {
        const target = current()
        const value: unknown = Reflect.get(target, name)
        // node-redis keeps private fields: its methods must be called on itself.
        return typeof value === 'function' ? value.bind(target) : value
      },
      has: (_, name) => name in current(),
    },
  )
}

function unavailable(cause: unknown): Problem {
  return new Problem('session-store-unavailable', { cause })
}
