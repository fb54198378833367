import { BasicPooledClientSideCache } from 'redis'

export interface NoticeListener {
  /** A key that somebody read through this client may have changed. */
  changed(key: string): void
  /** Notices may have been missed. */
  lost(): void
}

type CacheParameters = Parameters<BasicPooledClientSideCache['handleCache']>

/**
 * node-redis's client-side cache as a source of notices only: it keeps nothing, and says when Redis says that a key changed
 * (RESP3 `invalidate`) or when it could not have. One type for a single server, Sentinel and Cluster.
 */
export class RedisNotices extends BasicPooledClientSideCache {
  readonly #listener: NoticeListener

  constructor(listener: NoticeListener) {
    super({ recordStats: false })
    this.#listener = listener
  }

  override async handleCache(
    ...[, parser, run, transformReply, typeMapping]: CacheParameters
  ): Promise<unknown> {
    const reply = await run()
    return transformReply ? transformReply(reply, parser.preserve, typeMapping) : reply
  }

  /** null: everything (FLUSHALL, or the server's tracking table was emptied). */
  override invalidate(key: string | Buffer | null): void {
    if (key === null) this.#listener.lost()
    else this.#listener.changed(key.toString())
  }

  override onError(): void {
    this.#listener.lost()
  }

  override onClose(): void {
    this.#listener.lost()
  }

  /** Called around every discovery of a cluster's topology. */
  override clear(): void {
    this.#listener.lost()
  }
}
