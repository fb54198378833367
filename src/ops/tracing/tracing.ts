import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

/** Spans of what happens here. Where tracing is off there is none of these: nothing is asked, and nothing of OpenTelemetry is loaded. */
export interface Tracing {
  /** One span for a request, from its head to its answer's last byte; what `handle` does is done within it. */
  serve(req: IncomingMessage, res: ServerResponse, handle: () => void): void
  /** The same for a WebSocket's handshake, until `answered`. */
  upgrade(req: IncomingMessage, socket: Duplex, handle: () => void): void
  answered(req: IncomingMessage, answer: Answer): void
  /** Begins a request's call to its upstream; the headers (names and values) that make the upstream's spans its children. */
  callUpstream(
    req: IncomingMessage,
    upstream: URL,
    path: string,
    /** Why the call's last try failed on its connection; undefined: it did not. */
    failure?: string,
  ): readonly string[] | undefined
  /** Something that has just been done for the request that is being served. */
  did(store: StoreCall): void
  /** `fetch` with a span for each call within a request. Providers are told nothing of it. */
  readonly fetch: typeof fetch
  /** Sends out what is waiting, for a few seconds at most. */
  close(): Promise<void>
}

export interface Answer {
  /** undefined: nobody was there any more to answer. */
  readonly status: number | undefined
  /** The problem, where the answer was ours. */
  readonly problem: string | undefined
  readonly route: string | undefined
}

export interface StoreCall {
  /** OpenTelemetry's `db.system.name`. */
  readonly system: 'redis' | 'postgresql' | 'sqlite'
  readonly durationMs: number
  readonly ok: boolean
}
