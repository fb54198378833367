import { type IncomingMessage, type Server, ServerResponse } from 'node:http'
import { Server as NetServer, type Socket } from 'node:net'

/** The connections of a server that is about to end. */
export interface Drain {
  /**
   * Resolves when no new connection is taken any more. The open ones are served, and each answer that is still to come
   * says `Connection: close` (RFC 9112 §9.6): so the client knows which request was the last, and loses none.
   */
  begin(): Promise<void>
  /** Resolves when the last connection is gone, upgraded ones included. */
  readonly closed: Promise<void>
  /** Closes connections with nothing under way. Whoever sends on one at this very moment loses a request. */
  closeIdle(): Promise<void>
  /** Closes every connection, upgraded ones too; how many there were. */
  cut(): number
}

/** How long a quiet moment is waited for. */
const patienceMs = 500

/** Before the server listens. */
export function createDrain(server: Server): Drain {
  // Node's own list leaves out what was upgraded.
  const sockets = new Set<Socket>()
  let arrivals = 0
  server.on('connection', (socket: Socket) => {
    arrivals += 1
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })

  /** An answer whose head is not out yet says `Connection: close`. */
  function sayLast(_req: IncomingMessage, res: ServerResponse): void {
    arrivals += 1
    res.shouldKeepAlive = false
  }

  /**
   * Resolves at the end of a turn of the event loop that brought nothing and was short; the longer the wait, the less short
   * it has to be. Whoever has come in the kernel and was not taken yet when we close is reset, and then does not know
   * whether the request was carried out. libuv takes one connection a turn.
   */
  async function quietMoment(): Promise<void> {
    // Now the next turn is a whole one.
    await new Promise(setImmediate)
    for (
      let [waited, start] = [0, performance.now()];
      waited < patienceMs;
      waited = performance.now() - start
    ) {
      const [from, before] = [performance.now(), arrivals]
      await new Promise(setImmediate)
      if (arrivals === before && performance.now() - from < 0.1 + waited / 50) return
    }
  }

  const closed = new Promise<void>((resolve) => server.once('close', resolve))

  return {
    closed,
    async begin() {
      server.prependListener('request', sayLast).prependListener('checkContinue', sayLast)
      for (const socket of sockets) {
        const answer = answerOn(socket)
        if (answer) sayLast(answer.req, answer)
      }
      await quietMoment()
      // Not http's `close`, which closes idle connections on the spot.
      NetServer.prototype.close.call(server)
    },
    async closeIdle() {
      await quietMoment()
      server.closeIdleConnections()
    },
    cut() {
      const { size } = sockets
      for (const socket of sockets) socket.destroy()
      return size
    },
  }
}

/** The answer under way on a connection. Node's only sign of it is who holds the socket. */
function answerOn(socket: Socket): ServerResponse | undefined {
  return '_httpMessage' in socket && socket._httpMessage instanceof ServerResponse
    ? socket._httpMessage
    : undefined
}
