import { createServer } from 'node:net'

/**
 * An API that costs next to nothing, so that what is measured is what stands in front of it: it counts heads and bodies
 * and answers each request with the same 200 bytes of JSON. `/bytes/N` answers with N bytes, `/upgrade` becomes a socket.
 */
const json = `{"id":1,"text":"${'x'.repeat(180)}"}`
const answer = Buffer.from(
  `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${json.length}\r\n\r\n${json}`,
)
const megabyte = Buffer.alloc(1024 * 1024, 120)

createServer((socket) => {
  socket.setNoDelay(true)
  let head = ''
  let bodyLeft = 0
  let upgraded = false
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk) => {
    if (upgraded) return
    let at = 0
    while (at < chunk.length) {
      if (bodyLeft > 0) {
        const taken = Math.min(bodyLeft, chunk.length - at)
        bodyLeft -= taken
        at += taken
        if (bodyLeft === 0) respond()
        continue
      }
      const text = chunk.toString('latin1', at)
      const before = head.length
      head += text
      const end = head.indexOf('\r\n\r\n')
      if (end < 0) return
      at += end + 4 - before
      head = head.slice(0, end)
      bodyLeft = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0)
      if (bodyLeft === 0) respond()
    }
  })

  function respond() {
    const [, path = ''] = head.split(' ', 2)
    const key = /\r\nsec-websocket-key: (\S+)/i.exec(head)?.[1]
    head = ''
    if (key) {
      upgraded = true
      void upgrade(key)
    } else if (path.includes('/bytes/')) void stream(Number(path.split('/bytes/')[1]))
    else socket.write(answer)
  }

  async function upgrade(key: string) {
    const { createHash } = await import('node:crypto')
    const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    )
  }

  async function stream(bytes: number) {
    socket.write(
      `HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: ${bytes}\r\n\r\n`,
    )
    for (let left = bytes; left > 0 && !socket.destroyed; left -= megabyte.length) {
      if (!socket.write(left < megabyte.length ? megabyte.subarray(0, left) : megabyte))
        await new Promise((resolve) => socket.once('drain', resolve).once('close', resolve))
    }
  }
}).listen(Number(process.env['PORT']), '127.0.0.1', () => console.log('ready'))
