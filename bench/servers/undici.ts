import { createServer, type ServerResponse } from 'node:http'
import { Pool } from 'undici'

/** The plainest proxy that undici makes: no session, no token; its fastest documented interface, `stream`. */
const pool = new Pool(process.env['UPSTREAM'] as string, { pipelining: 1 })

createServer((req, res) => {
  const { method = 'GET', url = '/', headers } = req
  const { host: _host, connection: _connection, 'content-length': length, ...rest } = headers
  const hasBody = length !== undefined || headers['transfer-encoding'] !== undefined
  const sent = { ...rest, ...(length !== undefined && { 'content-length': length }) }
  pool
    .stream(
      { path: url, method: method as 'GET', headers: sent, body: hasBody ? req : null, opaque: res },
      ({ statusCode, headers: answered, opaque }) => {
        const out = opaque as ServerResponse
        out.writeHead(statusCode, answered)
        return out
      },
    )
    .catch(() => res.destroy())
}).listen(Number(process.env['PORT']), '127.0.0.1', () => console.log('ready'))
