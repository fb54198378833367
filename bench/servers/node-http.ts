import { Agent, createServer, request } from 'node:http'

/** The plainest proxy that node:http makes: no session, no token, a pool of connections. */
const { hostname, port } = new URL(process.env['UPSTREAM'] as string)
const agent = new Agent({ keepAlive: true })

createServer((req, res) => {
  const { method, url: path, headers } = req
  const up = request({ agent, hostname, port, method, path, headers } as never, (answer) => {
    res.writeHead(answer.statusCode as number, answer.rawHeaders)
    answer.pipe(res)
  })
  up.on('error', () => res.destroy())
  req.pipe(up)
}).listen(Number(process.env['PORT']), '127.0.0.1', () => console.log('ready'))
