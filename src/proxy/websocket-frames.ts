const closeOpcode = 8

/**
 * Follows one direction of a WebSocket from frame to frame (RFC 6455 §5.2) without reading payloads,
 * to know where a frame of our own may go in.
 */
export class FrameTracker {
  /** Bytes of the header still to come, known step by step; then of the payload. */
  #header: number[] = []
  #payload = 0
  /** Frames with messages, as opposed to pings, pongs and closes. */
  messages = 0
  /** A close frame has gone by: no frame may follow it. */
  closed = false

  /** Between two frames. */
  get atBoundary(): boolean {
    return this.#header.length === 0 && this.#payload === 0
  }

  /** Follows `chunk`, or only up to the first boundary; how many bytes that were. */
  follow(chunk: Uint8Array, onlyToBoundary = false): number {
    let at = 0
    while (at < chunk.length) {
      if (this.#payload > 0) {
        const bytes = Math.min(this.#payload, chunk.length - at)
        this.#payload -= bytes
        at += bytes
      } else {
        this.#header.push(chunk[at] as number)
        at += 1
        this.#readHeader()
      }
      if (onlyToBoundary && this.atBoundary) break
    }
    return at
  }

  #readHeader(): void {
    const [first = 0, second] = this.#header
    if (second === undefined) return
    const short = second & 0x7f
    const lengthBytes = short === 127 ? 8 : short === 126 ? 2 : 0
    const maskBytes = second & 0x80 ? 4 : 0
    if (this.#header.length < 2 + lengthBytes + maskBytes) return
    this.#payload = lengthBytes === 0 ? short : this.#header.slice(2, 2 + lengthBytes).reduce(bigEndian, 0)
    this.#header = []
    const opcode = first & 0x0f
    if (opcode < closeOpcode) this.messages += 1
    else if (opcode === closeOpcode) this.closed = true
  }
}

function bigEndian(value: number, byte: number): number {
  return value * 256 + byte
}

/** A close frame with a status code (RFC 6455 §5.5.1): a server's, or a client's under a mask. */
export function closeFrame(code: number, mask?: Uint8Array): Buffer {
  const payload = [code >> 8, code & 0xff]
  if (!mask) return Buffer.from([0x88, 2, ...payload])
  return Buffer.from([0x88, 0x82, ...mask, ...payload.map((byte, index) => byte ^ (mask[index] as number))])
}
