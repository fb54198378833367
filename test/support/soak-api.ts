import { createServer, type IncomingMessage, type Server } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocketServer } from 'ws'

/** A provider's access token is good here for this long; then the API says 401, and wants a fresh one. */
const acceptedMs = 20_000

/**
 * The API of a soak: reads the body, answers after a few ms with what it got; `/events` streams an event a second, sockets
 * echo, and under `/vouched` only fresh provider tokens count.
 */
export function startSoakApi(port: number): Server {
  const firstSeen = new Map<string, number>()

  function isStale({ url = '', headers }: IncomingMessage): boolean {
    if (!url.startsWith('/vouched')) return false
    const token = headers.authorization ?? ''
    const now = performance.now()
    for (const [one, at] of firstSeen) if (now - at > 10 * acceptedMs) firstSeen.delete(one)
    const since = firstSeen.get(token) ?? now
    firstSeen.set(token, since)
    return now - since > acceptedMs
  }

  const server = createServer(async (req, res) => {
    if (req.url?.endsWith('/events')) {
      res.writeHead(200, { 'Content-Type': 'text/event-stream' })
      const ticking = setInterval(() => res.write('data: tick\n\n'), 1_000)
      res.write('data: begun\n\n')
      res.once('close', () => clearInterval(ticking))
      return
    }
    let body = ''
    for await (const chunk of req) body += chunk
    await sleep(5)
    res.writeHead(isStale(req) ? 401 : 200, { 'Content-Type': 'application/json' })
    res.end(JSON.stringify({ length: body.length, filler: 'x'.repeat(1_000) }))
  })
  // Longer than coatcheck keeps its connections: this is about coatcheck.
  server.keepAliveTimeout = 65_000
  new WebSocketServer({ server }).on('connection', (socket) =>
    socket.on('message', (data) => socket.send(`echo ${data}`)),
  )
  return server.listen(port, '127.0.0.1')
}
