import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/** A TCP port on 127.0.0.1 that was free a moment ago. */
export function freePort(): Promise<number> {
  return listenOnce(0)
}

/** How far above a Redis's own port its cluster bus is. */
const busDistance = 10_000

/**
 * A port for a Redis that was free a moment ago, and so was its cluster bus's. Both are below what systems take for outgoing
 * connections (from 32768), so that no client of another test gets them meanwhile.
 */
export async function freeRedisPort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const port = randomInt(12_000, 32_768 - busDistance)
    const both = await Promise.all([port, port + busDistance].map(listenOnce)).catch(() => undefined)
    if (both) return port
  }
  throw new Error('no free port for a Redis in a hundred attempts')
}

/** Listens for a moment; 0: wherever there is room. @throws Error when the port is taken */
async function listenOnce(wanted: number): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) =>
    server.once('error', reject).listen(wanted, '127.0.0.1', resolve),
  )
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no TCP port')
  return address.port
}
