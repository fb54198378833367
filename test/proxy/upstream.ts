import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTcpServer, type Socket } from 'node:net'

export interface Recorded {
  readonly method: string
  readonly url: string
  readonly rawHeaders: readonly string[]
  readonly headers: IncomingMessage['headers']
  body: string
}

export interface Upstream extends AsyncDisposable {
  readonly url: string
  readonly requests: Recorded[]
  /** How many connections were ever made. */
  readonly connections: number
  /** What it answers; `Hello` in JSON unless told. */
  answer: (req: IncomingMessage, res: ServerResponse) => void
}

/** A strict HTTP server that writes down every request that reaches it. */
export async function startUpstream(): Promise<Upstream> {
  const requests: Recorded[] = []
  let connections = 0
  const server = createServer({ insecureHTTPParser: false }, (req, res) => {
    const { method = '', url = '', rawHeaders, headers } = req
    const recorded: Recorded = { method, url, rawHeaders, headers, body: '' }
    requests.push(recorded)
    req.on('data', (chunk) => {
      recorded.body += chunk
    })
    upstream.answer(req, res)
  })
  server.on('connection', () => {
    connections += 1
  })
  const port = await listen(server)
  const upstream: Upstream = {
    url: `http://127.0.0.1:${port}`,
    requests,
    get connections() {
      return connections
    },
    answer: (req, res) => {
      req.on('end', () => {
        res.setHeader('Content-Type', 'application/json')
        res.end('{"hello":"world"}')
      })
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return upstream
}

export interface RawUpstream extends AsyncDisposable {
  readonly url: string
  /** Every byte received, of all connections. */
  readonly received: string
  readonly sockets: Socket[]
}

/** A TCP server that answers by hand; `onData` gets each piece as latin1. */
export async function startRawUpstream(onData: (socket: Socket, text: string) => void): Promise<RawUpstream> {
  let received = ''
  const sockets: Socket[] = []
  const server = createTcpServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1')
      onData(socket, chunk.toString('latin1'))
    })
  })
  const port = await listen(server)
  return {
    url: `http://127.0.0.1:${port}`,
    get received() {
      return received
    },
    sockets,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

async function listen(server: ReturnType<typeof createTcpServer>): Promise<number> {
  server.unref().on('connection', (socket: Socket) => socket.unref())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no TCP port')
  return address.port
}
