import { type BasicPooledClientSideCache, createClient, createCluster, createSentinel } from 'redis'
import type { RedisConfig } from '../config/config.ts'
import { redisScripts, type Slide } from './redis-scripts.ts'

/** The writes that a fail-over must not lose, one by one or in a pipeline. */
export interface KeptScripts<Reply> {
  writeRecord(key: string, replaces: string, seenAt: string, sealed: string, ttl: string): Reply
  endRecord(key: string, ended: string, ttl: string): Reply
  addEntry(key: string, field: string, value: string, ttl: string): Reply
}

/** The commands that change nothing: one that comes late does no harm. */
export type RedisReads = Pick<RedisCommands, 'get' | 'mGet' | 'hGetAll' | 'lRange'>

/** The commands this room uses, the same on a single server, a cluster and behind sentinels. */
export interface RedisCommands extends KeptScripts<Promise<number>> {
  get(key: string): Promise<string | null>
  mGet(keys: readonly string[]): Promise<(string | null)[]>
  set(key: string, value: string, options: { condition?: 'NX'; PX: number }): Promise<string | null>
  hGetAll(key: string): Promise<Record<string, string>>
  hDel(key: string, field: string): Promise<number>
  lRange(key: string, from: number, to: number): Promise<string[]>
  noteEnd(key: string, value: string, kept: string, keptMs: string, now: string): Promise<number>
  /** In a cluster, keys of one slot. */
  slideRecords(slides: readonly Slide[]): Promise<number>
}

/** A connection that can be asked whether it lives. */
export interface Pingable {
  readonly isReady: boolean
  ping(): Promise<unknown>
}

export interface RedisClient {
  readonly commands: RedisCommands
  /** The same for what only reads, without node-redis's own timeout, whose AbortSignal costs more than ours and outlives it. */
  readonly reads: RedisReads
  /** What node-redis made, for libraries that bring their own commands. */
  readonly native: object
  /** Every connection that notices come through, as the topology is now. */
  connections(): readonly Pingable[]
  /** Every connection is up: node-redis queues a pipeline for one that is not, however late that would run it. */
  ready(): boolean
  /** Asks for WAIT without waiting. Absent, as the next one, where there is a single server. */
  wait?(): Promise<unknown>
  /** One write, and on the same connection 100 ms at most for a replica to have it; how many have. */
  replicated?(
    command: (pipeline: KeptScripts<unknown>) => unknown,
  ): Promise<{ readonly reply: number; readonly replicas: number }>
  /** Resolves when connected; a single server is tried for ever. */
  connect(): Promise<unknown>
  destroy(): Promise<void>
  onError(listener: (error: Error) => void): void
}

/** A connection without a sign of life for this long is dead; the heartbeat keeps a living one busier than that. */
const socketTimeoutMs = 2_000

const socket = {
  connectTimeout: 1_000,
  socketTimeout: socketTimeoutMs,
  // With jitter, so that a fleet does not come back in step.
  reconnectStrategy: (retries: number) =>
    Math.min(1_000, 50 * 2 ** Math.min(retries, 5)) * (0.5 + Math.random() / 2),
}

/**
 * A node-redis client for the configured topology, not yet connected.
 * @param notices receives client-side caching notices (RESP3); undefined: RESP2, no notices
 */
export function createRedisClient(
  { mode, urls, sentinelMaster }: RedisConfig,
  notices: BasicPooledClientSideCache | undefined,
): RedisClient {
  const RESP = notices ? 3 : 2
  const cache = notices && { clientSideCache: notices }
  // A command given while the server is away must fail then, not run minutes later; `timeout` alone ends with the write.
  const perNode = {
    disableOfflineQueue: true,
    maintNotifications: 'disabled',
    commandsQueueMaxLength: 20_000,
    // Without a heartbeat of ours, the socket's timeout would cut every idle connection.
    ...(!notices && { pingInterval: 1_000 }),
  } as const
  const [first = 'redis://localhost:6379'] = urls

  if (mode === 'cluster') {
    const defaults = { ...perNode, ...credentialsOf(first), socket: { ...socket, ...tlsOf(first) } }
    const cluster = createCluster({
      rootNodes: urls.map((url) => ({ url, ...perNode, socket: { ...socket, ...tlsOf(url) } })),
      defaults,
      RESP,
      scripts: redisScripts,
      ...cache,
      topologyRefreshOnReconnectionAttemptStrategy: 500,
    })
    return {
      commands: cluster as unknown as RedisCommands,
      reads: cluster.withCommandOptions(untimed) as unknown as RedisReads,
      native: cluster,
      connections: () => cluster.masters.flatMap(({ client }) => client ?? []),
      ready: () => cluster.masters.every(({ client }) => client?.isReady),
      wait: () => cluster.wait(0, 1),
      replicated: (command) => replicate(cluster.multi(), command),
      connect: () => cluster.connect(),
      destroy: async () => cluster.destroy(),
      onError: (listener) => void cluster.on('error', listener),
    }
  }

  if (mode === 'sentinel') {
    const node = { ...perNode, ...credentialsOf(first), socket: { ...socket, ...tlsOf(first) } }
    const sentinel = createSentinel({
      name: sentinelMaster ?? 'mymaster',
      sentinelRootNodes: urls.map((url) => ({
        host: new URL(url).hostname,
        port: Number(new URL(url).port || 26379),
      })),
      nodeClientOptions: node,
      sentinelClientOptions: { socket: { ...socket, socketTimeout: 0 } },
      RESP,
      scripts: redisScripts,
      ...cache,
      // One connection for all commands, pipelined; otherwise each command waits for the one before.
      reserveClient: true,
      // Discovery goes on for as long as the fail-over takes; each command's own deadline answers meanwhile.
      maxCommandRediscovers: 1_000,
      passthroughClientErrorEvents: true,
    })
    return {
      commands: sentinel as unknown as RedisCommands,
      reads: sentinel.withCommandOptions(untimed) as unknown as RedisReads,
      native: sentinel,
      connections: () => [sentinel],
      ready: () => sentinel.isReady,
      wait: () => sentinel.wait(0, 1),
      replicated: (command) => replicate(sentinel.multi(), command),
      connect: () => sentinel.connect(),
      destroy: () => sentinel.destroy(),
      onError: (listener) => void sentinel.on('error', listener),
    }
  }

  const client = createClient({
    url: first,
    ...perNode,
    RESP,
    scripts: redisScripts,
    // A copy: node-redis writes the URL's TLS into what it is given.
    socket: { ...socket },
    ...cache,
  })
  return {
    commands: client as unknown as RedisCommands,
    reads: client.withCommandOptions(untimed) as unknown as RedisReads,
    native: client,
    connections: () => [client],
    ready: () => client.isReady,
    connect: () => client.connect(),
    destroy: async () => client.destroy(),
    onError: (listener) => void client.on('error', listener),
  }
}

const untimed = { timeout: 0 }

/** How long a write waits for its replica, ms. */
const replicaPatienceMs = 100

/** WAIT counts from the last write of its own connection: both go in one pipeline. */
async function replicate(
  pipeline: object,
  command: (pipeline: KeptScripts<unknown>) => unknown,
): Promise<{ reply: number; replicas: number }> {
  const both = pipeline as KeptScripts<unknown> & {
    wait(replicas: number, timeoutMs: number): unknown
    execAsPipeline(): Promise<[reply: number, replicas: number]>
  }
  command(both)
  both.wait(1, replicaPatienceMs)
  const [reply, replicas] = await both.execAsPipeline()
  return { reply, replicas }
}

/** Discovered nodes inherit nothing from the URL that found them: the first one's credentials and TLS are for all. */
function credentialsOf(url: string): { username?: string; password?: string } {
  const { username, password } = new URL(url)
  return {
    ...(username && { username: decodeURIComponent(username) }),
    ...(password && { password: decodeURIComponent(password) }),
  }
}

function tlsOf(url: string): { tls?: true } {
  return url.startsWith('rediss:') ? { tls: true } : {}
}
