/**
 * A process that answers 20,000 times `x` in three framings in turn, and resets every fiftieth call, in turn before its
 * head and in the middle of its body; what ends with `/never` it does not answer. Says its port on stdout, and for each line of stdin how many connections it has.
 */
import { createServer } from 'node:http'
import { createInterface } from 'node:readline'

const body = 'x'.repeat(20_000)
let asked = 0

const server = createServer((req, res) => {
  if (req.url?.endsWith('/never')) return
  asked += 1
  const framing = asked % 3
  if (framing === 0) res.setHeader('Content-Length', body.length)
  // Neither length nor chunks: until the connection closes.
  if (framing === 2) res.useChunkedEncodingByDefault = false
  req.resume()
  if (asked % 50 !== 0) res.end(body)
  else if (asked % 100 === 0) req.socket.resetAndDestroy()
  else res.write(body.slice(0, 100), () => setImmediate(() => req.socket.resetAndDestroy()))
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (address !== null && typeof address === 'object') console.log(address.port)
})

for await (const _line of createInterface(process.stdin))
  server.getConnections((_error, count) => console.log(count))
