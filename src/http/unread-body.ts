import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** Whether a request has a body: RFC 9112 §6.3, and the parser has refused everything ambiguous. */
export function hasBody({ headers }: Pick<IncomingMessage, 'headers'>): boolean {
  const length = headers['content-length']
  return headers['transfer-encoding'] !== undefined || (length !== undefined && Number(length) > 0)
}

/** Whether some of the request is still on its way. */
export function isComing(req: IncomingMessage): boolean {
  return !req.complete && hasBody(req)
}

const closing = new WeakSet<Socket>()

/** Whether the last answer on a connection has been given: what comes behind it is not looked at (RFC 9112 §9.6). */
export function isClosing(socket: Socket): boolean {
  return closing.has(socket)
}

/** Says `Connection: close` with an answer whose head is not out yet. */
export function closeAfter(req: IncomingMessage, res: ServerResponse): void {
  closing.add(req.socket)
  res.shouldKeepAlive = false
}

/** nginx's lingering_time and lingering_timeout. */
const longestMs = 30_000
const quietMs = 5_000
/** Beyond, a connection closes with its answer, and its client may not get to read it. */
const mostAtOnce = 200
/** 64 MB a second for all of them together, so that a flood costs a few per cent of a core: enough for any real upload. */
const bytesPerTick = 6_400_000
const tickMs = 100

const lingering = new Set<UnreadBody>()
const waiting = new Set<UnreadBody>()
let budget = bytesPerTick
let filledAt = 0
let ticker: NodeJS.Timeout | undefined

/**
 * Reads away what is still to come of a request that is being answered with `closeAfter`. A server that closes on unread data
 * resets the connection, and the client may lose the answer (RFC 9112 §9.6): Firefox shows a network error for a 401 then.
 */
export function readAway(req: IncomingMessage, mostBytes = Number.POSITIVE_INFINITY): void {
  if (!isComing(req) || req.socket.destroyed || lingering.size >= mostAtOnce) return
  lingering.add(new UnreadBody(req, mostBytes))
  if (ticker) return
  if (performance.now() - filledAt > tickMs) budget = bytesPerTick
  ticker = setInterval(refill, tickMs).unref()
}

function refill(): void {
  budget = bytesPerTick
  filledAt = performance.now()
  for (const body of waiting) body.goOn()
  waiting.clear()
}

function forget(body: UnreadBody): void {
  lingering.delete(body)
  waiting.delete(body)
  if (lingering.size > 0) return
  clearInterval(ticker)
  ticker = undefined
}

class UnreadBody {
  readonly #req: IncomingMessage
  readonly #socket: Socket
  readonly #longest: NodeJS.Timeout
  readonly #quiet: NodeJS.Timeout
  #bytesLeft: number
  #answered = false
  #over = false

  constructor(req: IncomingMessage, mostBytes: number) {
    this.#req = req
    this.#bytesLeft = mostBytes
    this.#socket = req.socket
    this.#longest = setTimeout(finish, longestMs, this).unref()
    this.#quiet = setTimeout(finish, quietMs, this).unref()
    // Node calls it as soon as the answer is out.
    this.#socket.destroySoon = () => {
      this.#answered = true
      // Only the end of the connection tells such a client where the answer ends (RFC 9112 §6.3).
      if (req.httpVersion === '1.0') this.#socket.end()
    }
    this.#socket.once('close', () => this.finish())
    req.on('data', this.#take).once('end', () => this.finish())
    req.on('error', ignore).resume()
  }

  readonly #take = (chunk: Buffer): void => {
    this.#quiet.refresh()
    budget -= chunk.length
    this.#bytesLeft -= chunk.length
    if (this.#bytesLeft < 0) this.finish()
    else if (budget <= 0) {
      this.#req.pause()
      waiting.add(this)
    }
  }

  goOn(): void {
    // It was we who paused.
    this.#quiet.refresh()
    this.#req.resume()
  }

  finish(): void {
    if (this.#over) return
    this.#over = true
    forget(this)
    clearTimeout(this.#longest)
    clearTimeout(this.#quiet)
    this.#req.off('data', this.#take)
    const socket: { destroySoon?: () => void } = this.#socket
    // Back to the prototype's.
    delete socket.destroySoon
    if (this.#answered) this.#socket.destroySoon()
    // The answer is still on its way to a slow client; Node closes behind it.
    else this.#req.pause()
  }
}

function finish(body: UnreadBody): void {
  body.finish()
}

function ignore(): void {}
