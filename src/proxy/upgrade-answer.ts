import { type IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { type Duplex, pipeline } from 'node:stream'
import { type Problem, sendProblem } from '../http/problem.ts'
import { requestId } from '../http/request-id.ts'

const lingerMs = 1000

/**
 * Takes the socket of an upgrade over from Node's server, which has let go of it. False where an earlier request on it
 * still waits for its answer: ours would come first (RFC 9112 §9.3.2), so the connection ends instead.
 */
export function takeOver(socket: Duplex): boolean {
  // Without a listener a client's reset would take the process down.
  socket.on('error', ignore)
  if (!owesAnAnswer(socket)) return true
  socket.destroy()
  return false
}

/** Whether an earlier request on this connection still waits for its answer. Node's only sign of it is who holds the socket. */
export function owesAnAnswer(socket: Duplex): boolean {
  return '_httpMessage' in socket && socket._httpMessage !== null
}

function ignore(): void {}

/** A plain HTTP answer on the socket of an upgrade that will not be one; the connection ends with it. */
export function upgradeResponse(req: IncomingMessage, socket: Duplex): ServerResponse {
  const res = new ServerResponse(req)
  res.shouldKeepAlive = false
  res.assignSocket(socket as Socket)
  res.once('finish', () => {
    socket.end()
    // Nobody else has an eye on this socket any more: a client that keeps its half open does not keep ours.
    socket.resume()
    setTimeout(() => socket.destroy(), lingerMs).unref()
  })
  return res
}

/** Refuses an upgrade as any other request would be refused. */
export function refuseUpgrade(req: IncomingMessage, socket: Duplex, problem: Problem): void {
  const id = requestId(req)
  const res = upgradeResponse(req, socket)
  res.setHeader('X-Request-Id', id)
  sendProblem(res, problem, id)
}

export interface PassedOn {
  readonly req: IncomingMessage
  readonly socket: Duplex
  /** As the browser gets them: a flat list of names and values. */
  readonly headers: string[]
  /** Its body may pause this long. */
  readonly idleMs: number
}

/** An upstream's answer to an upgrade that it does not want. One that breaks or stands still breaks here too. */
export function passAnswerOn(answer: IncomingMessage, { req, socket, headers, idleMs }: PassedOn): void {
  const res = upgradeResponse(req, socket)
  res.writeHead(answer.statusCode as number, headers)
  const cut = () => void socket.destroy()
  // Node takes a reset for the end of an answer that has no length.
  answer.socket.once('error', cut).setTimeout(idleMs, cut)
  pipeline(answer, res, (error) => {
    if (error) cut()
  })
}
