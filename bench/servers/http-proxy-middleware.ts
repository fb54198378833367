import { Agent, createServer } from 'node:http'
import { createProxyMiddleware } from 'http-proxy-middleware'

/** http-proxy-middleware with default options and a pool of connections: no session, no token. */
const proxy = createProxyMiddleware({
  target: process.env['UPSTREAM'] as string,
  changeOrigin: true,
  agent: new Agent({ keepAlive: true }),
  ws: true,
})

const server = createServer((req, res) => void proxy(req, res))
server.on('upgrade', (req, socket, head) => proxy.upgrade(req, socket as never, head))
server.listen(Number(process.env['PORT']), '127.0.0.1', () => console.log('ready'))
