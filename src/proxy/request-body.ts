import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { Problem } from '../http/problem.ts'
import { bodyPassed } from './body-buffers.ts'

const smallBytes = 16_384

/** Whether a body says of itself that it is small. */
export function isSmall({ headers }: Pick<IncomingMessage, 'headers'>): boolean {
  return Number(headers['content-length']) <= smallBytes
}

/** Calls `then` with the whole body, once; never if the sender leaves before. `onProgress` runs at every piece. */
export function collectBody(
  req: IncomingMessage,
  onProgress: () => void,
  then: (body: Buffer) => void,
): void {
  const pieces: Buffer[] = []
  req.on('data', (piece: Buffer) => {
    pieces.push(piece)
    onProgress()
  })
  req.once('end', () => then(pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces)))
}

/**
 * A request's body on its way up, at the pace of whoever is slower. The request itself is never handed to the
 * HTTP client, which would destroy it when the upstream fails: then nobody could answer it any more.
 */
export class RequestBody extends Readable {
  readonly #req: IncomingMessage
  readonly #maxBytes: number
  readonly #onProgress: () => void
  #bytes = 0

  /** `maxBytes`: beyond, the stream fails with Problem `payload-too-large`. `onProgress` runs at every piece. */
  constructor(req: IncomingMessage, maxBytes: number, onProgress: () => void) {
    super()
    this.#req = req
    this.#maxBytes = maxBytes
    this.#onProgress = onProgress
    req.pause()
    req.on('data', this.#take).on('end', this.#finish).on('error', this.#break)
  }

  override _read(): void {
    this.#req.resume()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#req.off('data', this.#take).off('end', this.#finish)
    // The error listener stays: a client that leaves later is no reason to fall over.
    done(error)
  }

  readonly #take = (chunk: Buffer): void => {
    this.#bytes += chunk.length
    bodyPassed(chunk.length)
    if (this.#bytes > this.#maxBytes) {
      this.destroy(new Problem('payload-too-large'))
      return
    }
    this.#onProgress()
    if (!this.push(chunk)) this.#req.pause()
  }

  readonly #finish = (): void => {
    this.push(null)
  }

  readonly #break = (error: Error): void => {
    this.destroy(error)
  }
}
