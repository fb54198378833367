import type { ServerResponse } from 'node:http'
import { nextTick } from 'node:process'
import { breakOff } from './break-off.ts'

/** Up to this size head and body leave as one text. */
const smallBytes = 16_384

/**
 * Writes an upstream's answer to the client. Head and first bytes wait for the end of the packet that brought them:
 * a small answer leaves in one write, and a large or slow one is not held back.
 */
export class AnswerWriter {
  readonly #res: ServerResponse
  #first: Buffer | undefined
  #hasLength = false
  #started = false

  constructor(res: ServerResponse) {
    this.#res = res
  }

  /** `headers`: a flat list of names, in lower case, and values. Throws what `writeHead` throws: a status or header that HTTP does not allow. */
  begin(status: number, headers: string[]): void {
    // Of what goes out: an upstream may name even its length in Connection.
    this.#hasLength = headers.includes('content-length')
    this.#res.writeHead(status, headers)
    nextTick(start, this)
  }

  /** False: the client is slower than the upstream; go on at `drain`. */
  write(chunk: Buffer): boolean {
    if (!this.#started && this.#first === undefined) {
      this.#first = chunk
      return true
    }
    this.start()
    return this.#res.write(chunk)
  }

  end(): void {
    const res = this.#res
    const { socket } = res
    const first = this.#started ? undefined : this.#first
    this.#started = true
    if (first !== undefined && socket && this.#hasLength && first.length <= smallBytes) {
      // As one text: a gathering write of head and body costs half as much again. Corked, or Node would wait a tick.
      socket.cork()
      res.write(first.toString('latin1'), 'latin1')
      socket.uncork()
      res.end()
    } else res.end(first)
  }

  /** What has come so far goes out. */
  start(): void {
    if (this.#started) return
    this.#started = true
    const res = this.#res
    if (res.destroyed) return
    if (this.#first === undefined) res.flushHeaders()
    else res.write(this.#first)
    this.#first = undefined
  }

  /** Ends so that nobody takes the answer for whole. */
  breakOff(): void {
    this.start()
    breakOff(this.#res, this.#hasLength)
  }
}

function start(answer: AnswerWriter): void {
  answer.start()
}
