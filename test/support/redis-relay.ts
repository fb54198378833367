import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** One address behind which servers change, as a managed Redis or a service name has it. */
export interface RedisRelay extends AsyncDisposable {
  readonly url: string
  /** New connections go there; open ones stay where they are. */
  turnTo(port: number): void
  /** What the relay answers itself to commands of this name (`HELLO`), in its own words; undefined: the server answers. */
  refuse(command: string, words: string | undefined): void
}

export async function startRedisRelay(port: number): Promise<RedisRelay> {
  const refusals = new Map<string, string>()
  const sockets = new Set<Socket>()
  let target = port
  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1')
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket
        .on('error', () => undefined)
        .on('close', () => {
          sockets.delete(socket)
          client.destroy()
          upstream.destroy()
        })
    }
    upstream.pipe(client)
    client.on('data', (chunk) => {
      const text = chunk.toString('latin1')
      // A connection's first commands come one by one or in one packet, each as RESP arrays.
      const commands = text.split(/(?=\*\d+\r\n\$)/)
      const passed = commands.filter((command) => {
        const words = command.split('\r\n').filter((_, index) => index % 2 === 0)
        const refusal = [...refusals].find(([name]) =>
          words.slice(1).join(' ').toUpperCase().startsWith(name),
        )
        if (refusal) client.write(`-${refusal[1]}\r\n`)
        return !refusal
      })
      if (passed.length > 0) upstream.write(passed.join(''), 'latin1')
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no TCP port')
  return {
    url: `redis://127.0.0.1:${address.port}`,
    turnTo(next) {
      target = next
    },
    refuse(command, words) {
      if (words === undefined) refusals.delete(command)
      else refusals.set(command, words)
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
