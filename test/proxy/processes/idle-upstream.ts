/** A process that takes every handshake and then does nothing. Says its port on stdout. */
import { createHash } from 'node:crypto'
import { createServer } from 'node:net'

const server = createServer((socket) => {
  socket.on('error', () => socket.destroy())
  socket.once('data', (head) => {
    const key = /^sec-websocket-key: (\S+)/im.exec(head.toString('latin1'))?.[1]
    const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    )
    socket.on('end', () => socket.end()).resume()
  })
})
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  const address = server.address()
  if (typeof address === 'object') console.log(address?.port)
})
