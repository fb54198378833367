/**
 * A process that sends and takes large bodies. Says its port on stdout.
 * `GET …/bytes/N` answers N bytes with a length, `…/chunks/N` in chunks; anything with a body is read and answered with
 * how many bytes it had, `whole` or `cut`, which `GET …/last` says again.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { pipeline, Readable } from 'node:stream'

const piece = Buffer.alloc(65_536, 120)
let last = ''

function* bytes(count: number) {
  for (let left = count; left > 0; left -= piece.length)
    yield left < piece.length ? piece.subarray(0, left) : piece
}

function send(res: ServerResponse, count: number, withLength: boolean): void {
  if (withLength) res.setHeader('Content-Length', count)
  pipeline(Readable.from(bytes(count)), res, () => undefined)
}

function take(req: IncomingMessage, res: ServerResponse): void {
  let count = 0
  req.on('data', (chunk) => {
    count += chunk.length
  })
  const say = (end: string) => {
    last = `${count} ${end}`
  }
  req.once('end', () => {
    say('whole')
    res.end(last)
  })
  req.once('error', () => say('cut'))
}

const server = createServer({ requestTimeout: 0 }, (req, res) => {
  const [, kind, count] = /\/(bytes|chunks)\/(\d+)$/.exec(req.url ?? '') ?? []
  if (req.method === 'GET' && kind) send(res, Number(count), kind === 'bytes')
  else if (req.url?.endsWith('/last')) res.end(last)
  else take(req, res)
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (address !== null && typeof address === 'object') console.log(address.port)
})
