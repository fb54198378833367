import { Buffer } from 'node:buffer'
import { subscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'

const skipping = new WeakSet<Socket>()
/** As undici's own limit for a head. */
const longestHead = 16_384
const headEnd = Buffer.from('\r\n\r\n')
/** Where in `HTTP/1.1 200 OK` the status stands. */
const statusAt = 9
const one = 0x31
const zero = 0x30

/**
 * Takes interim answers (RFC 9110 §15.2) out of what an HTTP client, undici, reads from `socket`: a client must be able to parse
 * them even where it expects none, and undici destroys the connection at a `100 Continue` that it did not ask for.
 * While the body of an answer is read it costs a comparison for each piece.
 */
export function skipInterimAnswers(socket: Socket): void {
  if (skipping.has(socket)) return
  skipping.add(socket)
  const { write, read } = socket
  let awaitsHead = false
  let held: Buffer | undefined

  socket.write = ((...args: Parameters<Socket['write']>) => {
    const [piece] = args
    // A request's head is written as text; its body is not, and the text around a chunk begins with CR.
    if (typeof piece === 'string' && piece.charCodeAt(0) !== 0x0d) awaitsHead = true
    return write.apply(socket, args)
  }) as Socket['write']

  socket.read = (size) => {
    const piece: Buffer | null = read.call(socket, size)
    return awaitsHead && piece !== null ? finalAnswer(piece) : piece
  }

  /** What follows the interim answers; null: nothing yet. */
  function finalAnswer(piece: Buffer): Buffer | null {
    let bytes = held === undefined ? piece : Buffer.concat([held, piece])
    held = undefined
    while (mayBeInterim(bytes)) {
      const end = bytes.indexOf(headEnd)
      if (end < 0) {
        if (bytes.length > longestHead) break
        held = bytes
        return null
      }
      bytes = bytes.subarray(end + headEnd.length)
      if (bytes.length === 0) return null
    }
    awaitsHead = false
    return bytes
  }
}

/** Any 1xx but 101, which is final (RFC 9110 §15.2.2), or too little to tell. */
function mayBeInterim(bytes: Buffer): boolean {
  if (bytes.length > statusAt && bytes[statusAt] !== one) return false
  if (bytes[statusAt + 1] === zero && bytes[statusAt + 2] === one) return false
  const start = bytes.toString('latin1', 0, statusAt)
  return 'HTTP/1.1 '.startsWith(start) || 'HTTP/1.0 '.startsWith(start)
}

let subscribed = false

/** The same for every connection of `fetch`, which is undici, too. */
export function skipInterimAnswersOfFetch(): void {
  if (subscribed) return
  subscribed = true
  subscribe('undici:client:connected', (message) => {
    const { socket } = message as { readonly socket: Socket & { readonly alpnProtocol?: string | false } }
    if (socket.alpnProtocol !== 'h2') skipInterimAnswers(socket)
  })
}
