import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { owesAnAnswer } from './upgrade-answer.ts'
import { asksForWebSocket } from './websocket-handshake.ts'

const waiting = new WeakSet<IncomingMessage>()

/** Options for the server that listens: what of HTTP/1.1 reaches the app, and for how long. */
export const serverOptions = {
  /** RFC 9110 §7.8: an Upgrade header may be ignored; we take WebSockets only (RFC 6455 §4.1), and none out of turn. */
  shouldUpgradeCallback: (req: IncomingMessage) => asksForWebSocket(req) && !owesAnAnswer(req.socket),
  /** A request without a body is not a stream that has to end, be resumed and be closed: nobody here would read it. */
  optimizeEmptyRequests: true,
  headersTimeout: 30_000,
  /** Longer than a proxy in front keeps an idle connection (nginx 60 s), so that it never sends on one we are closing. */
  keepAliveTimeout: 75_000,
  /** A big upload over a slow line takes its time; a body that stands still is cut by the route's timeout. */
  requestTimeout: 3_600_000,
} as const

/**
 * For the server's `checkContinue`: whoever waits for `100 Continue` gets it only once the gate is open
 * (RFC 9110 §10.1.1), or when the request is none of the proxy's.
 */
export function afterTheGate(listener: RequestListener): RequestListener {
  return (req, res) => {
    waiting.add(req)
    listener(req, res)
  }
}

/** Tells a client that waits to send its body. */
export function sendContinue(req: IncomingMessage, res: ServerResponse): void {
  if (waiting.delete(req)) res.writeContinue()
}
