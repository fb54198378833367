/**
 * A process that holds WebSockets which do nothing: `idle-client.ts PORT ORIGIN COOKIE`.
 * Each line of stdin is how many it shall hold from then on; it says the number when it holds them,
 * and `ended CODE` when the last of them was closed from the other side, all with the same code.
 */
import { connect, type Socket } from 'node:net'
import { createInterface } from 'node:readline'

const [port, origin = '', cookie] = process.argv.slice(2)
const atOnce = 50
const handshake = [
  'GET /api/live HTTP/1.1',
  `Host: ${new URL(origin).host}`,
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  `Origin: ${origin}`,
  `Cookie: ${cookie}`,
  '\r\n',
].join('\r\n')
const sockets: Socket[] = []
let ended = 0

function open(): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), '127.0.0.1', () => socket.write(handshake))
    socket.once('data', (head) => {
      if (!head.toString('latin1').startsWith('HTTP/1.1 101 ')) reject(new Error(head.toString('latin1')))
      socket.once('data', (frame) => countEnd(frame.readUInt16BE(2)))
      resolve()
    })
    socket.once('error', reject)
    sockets.push(socket)
  })
}

function countEnd(code: number): void {
  if (code !== 4401) throw new Error(`closed with ${code}`)
  ended += 1
  if (ended === sockets.length) console.log(`ended ${code}`)
}

for await (const line of createInterface(process.stdin)) {
  const wanted = Number(line)
  for (const socket of sockets.splice(wanted)) socket.destroy()
  while (sockets.length < wanted)
    await Promise.all(Array.from({ length: Math.min(atOnce, wanted - sockets.length) }, open))
  console.log(wanted)
}
