import { type IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type Problem, sendProblem } from '../http/problem.ts'
import { requestId } from '../http/request-id.ts'

const lingerMs = 1000

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
