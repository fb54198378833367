import { connect, createServer, type Socket } from 'node:net'
import { freePort } from '../support/ports.ts'

/** A wire to Redis on which a command can be held up while others overtake it. */
export interface HeldRedis {
  readonly url: string
  /** Holds back what the next packet that contains `text` begins, on its connection. Resolves when that is there. */
  hold(text: string): Promise<void>
  /** Lets it go on. */
  release(): void
  close(): void
}

export async function startHeldRedis(target: string): Promise<HeldRedis> {
  const { hostname, port: targetPort } = new URL(target)
  const sockets = new Set<Socket>()
  let wanted: { readonly text: string; readonly arrived: () => void } | undefined
  let goOn = () => {}

  const server = createServer((client) => {
    const redis = connect(Number(targetPort), hostname)
    for (const socket of [client, redis]) {
      sockets.add(socket)
      socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket))
    }
    redis.pipe(client)
    client.on('data', (packet: Buffer) => {
      if (wanted && packet.includes(wanted.text)) {
        client.pause()
        goOn = () => {
          redis.write(packet)
          client.resume()
        }
        wanted.arrived()
        wanted = undefined
      } else redis.write(packet)
    })
    client.on('end', () => redis.end())
  })
  const port = await freePort()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return {
    url: `redis://127.0.0.1:${port}`,
    hold: (text) =>
      new Promise((arrived) => {
        wanted = { text, arrived }
      }),
    release: () => goOn(),
    close() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}
