import { setTimeout as sleep } from 'node:timers/promises'
import { types } from 'node:util'
import { ClientClosedError, ClientOfflineError, ErrorReply } from 'redis'
import type { RedisConfig } from '../config/config.ts'
import { Problem } from '../http/problem.ts'
import type { Log } from '../ops/log.ts'
import { createRedisClient, type RedisClient, type RedisCommands, type RedisReads } from './redis-client.ts'
import { startHeartbeat } from './redis-heartbeat.ts'
import { type NoticeListener, RedisNotices } from './redis-notices.ts'
import { createReplication, type KeepWrite } from './redis-replication.ts'

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

/**
 * What Redis says while a connection begins that is no word against RESP3 or CLIENT TRACKING: credentials, loading, limits.
 * Managed services, proxies and other servers each refuse those two in words of their own.
 */
const notAboutNotices =
  /^(?:NOAUTH|WRONGPASS|LOADING|MASTERDOWN|BUSY|TRYAGAIN|CLUSTERDOWN|ERR (?:max number of clients|AUTH|Client sent AUTH|invalid (?:username-)?password))/i

/**
 * The server behind the connection is no master any more, or not yet: a fail-over turned the name to another one while the
 * connection stayed. Older servers put the code behind what they say of the script.
 */
const wrongServer = /(?:^|\s-)(?:READONLY|MASTERDOWN|LOADING)\b/

/** At most one new connection in this time, however many commands are refused. */
const renewEveryMs = 500

/** Told of each command: how long it took, ms, and whether it was answered in time; 0: it was not even sent. */
export type StoreObserver = (durationMs: number, ok: boolean) => void

/** Connects, and keeps connecting; resolves after a while even without success. */
export async function openRedisLink(
  config: RedisConfig,
  log: Log,
  observe: StoreObserver = () => undefined,
): Promise<RedisLink> {
  const deadlinesMs = { read: config.timeoutMs, write: config.timeoutMs * 4 }
  const listeners: NoticeListener[] = []
  const lost = () => {
    for (const listener of listeners) listener.lost()
  }
  const changed = (key: string) => {
    for (const listener of listeners) listener.changed(key)
  }
  let tracked = true
  let closed = false
  /** Why Redis cannot be reached, by its class: `ECONNREFUSED`, `WRONGPASS`, `DEPTH_ZERO_SELF_SIGNED_CERT`. */
  let reason = 'unknown'
  /** Nothing was heard of Redis, and that is in the log. */
  let saidUnreachable = false
  let client = open()
  let arrived: Promise<void> = Promise.resolve()
  let renewedAt = Number.NEGATIVE_INFINITY
  const lanes = Array.from({ length: config.mode === 'single' ? 0 : laneCount }, openLane)

  function open() {
    const opened = createRedisClient(config, tracked ? new RedisNotices({ changed, lost }) : undefined)
    opened.onError((error) => {
      if (opened !== client || closed) return
      log.debug('session-store.error', { message: error.message })
      failed(error)
      if (tracked && error instanceof ErrorReply && !notAboutNotices.test(error.message)) withoutNotices()
    })
    return opened
  }

  function withoutNotices(): void {
    log.warn('session-store.without-notices', { copiesBelievedMs: believedWithoutNoticesMs })
    tracked = false
    replaceClient()
  }

  /** Another connection, to wherever the name leads now. */
  function replaceClient(): void {
    const replaced = client
    client = open()
    void replaced.destroy().catch(() => undefined)
    arrived = keepConnecting(client)
  }

  /** What was read from the wrong server counts no more. */
  function leaveWrongServer(used: RedisClient): void {
    lost()
    if (used !== client || closed || performance.now() - renewedAt < renewEveryMs) return
    renewedAt = performance.now()
    log.warn('session-store.wrong-server', { reason })
    replaceClient()
  }

  function failed(error: unknown): void {
    // It only says that there is no connection; why, the connection's own error has said.
    if (error instanceof ClientOfflineError || error instanceof ClientClosedError) return
    const before = reason
    reason = classOf(error)
    if (saidUnreachable && reason !== before) log.error('session-store.unreachable', { reason })
  }

  function sayUnreachable(): void {
    saidUnreachable = true
    log.error('session-store.unreachable', { reason })
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
        failed(error)
        await sleep(500, undefined, { ref: false })
      }
    }
  }

  const arrival = Promise.withResolvers<void>()
  const heartbeat = startHeartbeat(
    () => client.connections(),
    (alive) => {
      if (alive) {
        arrival.resolve()
        saidUnreachable = false
        log.info('session-store.reached')
      } else {
        lost()
        sayUnreachable()
      }
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
      const late = () =>
        reject(Object.assign(new Error(`no answer from Redis within ${ms} ms`), { code: 'ETIMEDOUT' }))
      timer = setTimeout(() => setImmediate(late), ms)
    })
    try {
      const reply = await Promise.race([command(), deadline])
      observe(performance.now() - startedAt, true)
      return reply
    } catch (error) {
      observe(performance.now() - startedAt, false)
      failed(error)
      throw unavailable(error)
    } finally {
      clearTimeout(timer)
    }
  }

  /**
   * A command that the wrong server refused did not run: it runs once more, on a new connection, before it counts as failed.
   * @throws Problem session-store-unavailable
   */
  async function onRightServer<T>(
    operation: 'read' | 'write',
    command: (client: RedisClient) => Promise<T>,
  ): Promise<T> {
    const used = client
    try {
      return await within(operation, () => command(used))
    } catch (problem) {
      if (!refusedByWrongServer(problem)) throw problem
      leaveWrongServer(used)
      if (used === client) throw problem
      await Promise.race([arrived, sleep(deadlinesMs.write, undefined, { ref: false })])
      const next = client
      try {
        return await within(operation, () => command(next))
      } catch (again) {
        if (refusedByWrongServer(again)) leaveWrongServer(next)
        throw again
      }
    }
  }

  const keep = createReplication(() => client, lanes, log)

  // The common connection first: all of them at once make each other late.
  const arrivals = arrival.promise.then(() => Promise.all(lanes.map(keepConnecting)))
  arrived = keepConnecting(client)
  await Promise.race([arrivals, sleep(startPatienceMs, undefined, { ref: false })])
  if (!heartbeat.alive()) sayUnreachable()
  return {
    native: standIn(() => client.native),
    read: (command) => onRightServer('read', ({ reads }) => command(reads)),
    write: (command) => onRightServer('write', ({ commands }) => command(commands)),
    keep: (command) => onRightServer('write', () => keep(command)),
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

function refusedByWrongServer(problem: unknown): boolean {
  const cause = problem instanceof Problem ? problem.cause : undefined
  return cause instanceof Error && wrongServer.test(cause.message)
}

/** An error's class, which is no secret: a system's or OpenSSL's code, or the first word of what Redis says. */
function classOf(error: unknown): string {
  if (!types.isNativeError(error)) return 'unknown'
  // Several addresses tried (RFC 8305): they rarely fail differently.
  if ('errors' in error && Array.isArray(error.errors)) return classOf(error.errors[0])
  if ('code' in error && typeof error.code === 'string') return error.code
  return /^-?([A-Z]{2,})\b/.exec(error.message)?.[1] ?? error.name
}

function unavailable(cause: unknown): Problem {
  return new Problem('session-store-unavailable', { cause })
}
