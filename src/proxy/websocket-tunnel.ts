import { randomBytes } from 'node:crypto'
import type { Duplex } from 'node:stream'
import type { LongLived } from './proxy-context.ts'
import { closeFrame, FrameTracker } from './websocket-frames.ts'

/** How long an unfinished frame, or a peer that does not close, may hold up the end. */
const graceMs = 500

/** How long one end may take for the other's last words. */
const lingerMs = 10_000

/** RFC 6455 §7.4: ours for "the session has ended"; those that IANA registered for a server that comes back, and for a client that left. */
export const sessionEnded = 4401
const serviceRestart = 1012
const goingAway = 1001

export interface TunnelEnds {
  readonly client: Duplex
  readonly upstream: Duplex
  /** A message came from the browser. */
  readonly onMessage: () => void
  readonly onClose: () => void
}

/** Passes a WebSocket's bytes on in both directions, at the pace of whoever is slower, until somebody ends it. */
export class WebSocketTunnel implements LongLived {
  readonly #client: Duplex
  readonly #upstream: Duplex
  readonly #onMessage: () => void
  readonly #onClose: () => void
  readonly #up = new FrameTracker()
  readonly #down = new FrameTracker()
  /** The close code to send at the next frame boundary. */
  #ending: number | undefined
  #open = true

  constructor({ client, upstream, onMessage, onClose }: TunnelEnds) {
    this.#client = client
    this.#upstream = upstream
    this.#onMessage = onMessage
    this.#onClose = onClose
    client.on('data', this.#fromClient).on('drain', () => upstream.resume())
    upstream.on('data', this.#fromUpstream).on('drain', () => client.resume())
    client.on('end', this.#leave).on('error', this.#destroy).on('close', this.#destroy)
    upstream
      .on('end', () => client.end())
      .on('error', this.#destroy)
      .on('close', this.#flush)
  }

  readonly #fromClient = (chunk: Buffer): void => {
    // What is sent after the end is not the session's any more.
    if (this.#ending !== undefined) return
    const before = this.#up.messages
    this.#up.follow(chunk)
    if (this.#up.messages !== before) this.#onMessage()
    if (!this.#upstream.write(chunk)) this.#client.pause()
  }

  readonly #fromUpstream = (chunk: Buffer): void => {
    if (this.#ending === undefined) {
      this.#down.follow(chunk)
      if (!this.#client.write(chunk)) this.#upstream.pause()
    } else if (!this.#down.atBoundary) {
      this.#client.write(chunk.subarray(0, this.#down.follow(chunk, true)))
      if (this.#down.atBoundary) this.#sayGoodbye(this.#ending)
    }
  }

  /** Ends both sides: with a close frame where frames allow it, by force where they do not in time. */
  end(code: number): void {
    if (this.#ending !== undefined || !this.#open) return
    this.#ending = code
    this.#client.resume()
    this.#upstream.resume()
    if (this.#down.atBoundary) this.#sayGoodbye(code)
    setTimeout(this.#destroy, graceMs)
  }

  goAway(): void {
    this.end(serviceRestart)
  }

  #sayGoodbye(code: number): void {
    if (!this.#down.closed) this.#client.write(closeFrame(code))
    this.#client.end()
    if (this.#up.atBoundary && !this.#up.closed) this.#upstream.write(closeFrame(goingAway, randomBytes(4)))
    this.#upstream.end()
  }

  /** The client says no more. Neither has a use for half a connection (RFC 6455 §7.1.1), so it does not last. */
  readonly #leave = (): void => {
    this.#upstream.end()
    setTimeout(this.#destroy, lingerMs).unref()
  }

  /** The upstream is gone: what it said last, its close frame at least, still goes to a client that reads. */
  readonly #flush = (): void => {
    if (this.#client.writableFinished || this.#client.destroyed) {
      this.#destroy()
      return
    }
    this.#client.end(this.#destroy)
    setTimeout(this.#destroy, lingerMs).unref()
  }

  readonly #destroy = (): void => {
    if (!this.#open) return
    this.#open = false
    this.#client.destroy()
    this.#upstream.destroy()
    this.#onClose()
  }
}
