import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from 'redis'
import { freePort } from '../support/ports.ts'
import { type RedisServer, startProgram, startRedis } from '../support/redis-server.ts'
import { eventually } from './room.ts'

const slots = 16_384
/** A fleet may take this long to find itself, on a busy machine. */
const patienceMs = 60_000

/** Says something to one server. */
export async function tell(server: { readonly port: number }, ...words: string[]): Promise<unknown> {
  const client = createClient({ url: `redis://127.0.0.1:${server.port}`, RESP: 2 })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return await client.sendCommand(words)
  } finally {
    client.destroy()
  }
}

/** Three masters, each with a replica; `nodes[n + 3]` replicates `nodes[n]`. */
export async function startCluster() {
  const nodes: RedisServer[] = await Promise.all(
    Array.from({ length: 6 }, async () =>
      startRedis({
        'cluster-enabled': 'yes',
        'cluster-node-timeout': '1500',
        'repl-diskless-sync-delay': '0',
      }),
    ),
  )
  const [first, ...others] = nodes as [RedisServer, ...RedisServer[]]
  const masters = nodes.slice(0, 3)
  for (const [index, master] of masters.entries()) {
    const [from, to] = [index, index + 1].map((third) => Math.floor((slots * third) / 3)) as [number, number]
    await tell(master, 'CLUSTER', 'ADDSLOTSRANGE', String(from), String(to - 1))
    await tell(master, 'CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1))
  }
  for (const other of others) await tell(first, 'CLUSTER', 'MEET', '127.0.0.1', String(other.port))
  const info = async (server: RedisServer) => String(await tell(server, 'CLUSTER', 'INFO'))
  await eventually(
    async () => (await Promise.all(nodes.map(info))).every((text) => text.includes('cluster_known_nodes:6')),
    patienceMs,
  )
  for (const [index, master] of masters.entries()) {
    const id = String(await tell(master, 'CLUSTER', 'MYID'))
    await tell(nodes[index + 3] as RedisServer, 'CLUSTER', 'REPLICATE', id)
  }
  await eventually(
    async () => (await Promise.all(nodes.map(info))).every((text) => text.includes('cluster_state:ok')),
    patienceMs,
  )
  await eventually(async () => {
    const states = await Promise.all(masters.map((master) => tell(master, 'INFO', 'replication')))
    return states.every((text) => String(text).includes('state=online'))
  }, patienceMs)
  return {
    nodes,
    urls: masters.map(({ url }) => url),
    stop: () => Promise.all(nodes.map((node) => node.stop())),
  }
}

/** The way from a master to its replicas: what is on it takes `lagMs`, and is lost when it is cut. */
async function startRoad(to: number, lagMs: number) {
  if (lagMs === 0) return { port: to, cut: () => undefined, close: () => undefined }
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    const far = connect(to, '127.0.0.1')
    for (const [from, towards] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from)
      from.on('data', (data) => {
        setTimeout(() => !towards.destroyed && towards.write(data), lagMs)
      })
      from.on('error', () => undefined)
      from.on('close', () => {
        sockets.delete(from)
        towards.destroy()
      })
    }
  })
  const port = await freePort()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  function cut(): void {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
  return { port, cut, close: cut }
}

/**
 * A master, two replicas and three sentinels that agree by two.
 * @param lagMs how far away the replicas are: on one machine replication takes no time, and a crash loses next to nothing
 */
export async function startSentinels(lagMs = 0) {
  const master = await startRedis({ 'repl-diskless-sync-delay': '0' })
  const road = await startRoad(master.port, lagMs)
  const settings = { replicaof: `127.0.0.1 ${road.port}`, 'repl-diskless-sync-delay': '0' }
  const replicas = await Promise.all([startRedis(settings), startRedis(settings)])
  // Sentinels learn of replicas from the master, every ten seconds.
  await eventually(
    async () => /connected_slaves:2/.test(String(await tell(master, 'INFO', 'replication'))),
    patienceMs,
  )
  const folder = mkdtempSync(join(tmpdir(), 'coatcheck-sentinel-'))
  function sentinelOn(port: number): readonly string[] {
    const file = join(folder, `${port}.conf`)
    const lines = [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${folder}`,
      `sentinel monitor main 127.0.0.1 ${master.port} 2`,
      'sentinel down-after-milliseconds main 1000',
      // For as long as this, sentinels let replicas call their master by another port.
      'sentinel failover-timeout main 60000',
    ]
    writeFileSync(file, `${lines.join('\n')}\n`)
    return [file, '--sentinel']
  }
  const sentinels = await Promise.all(Array.from({ length: 3 }, () => startProgram(sentinelOn)))
  async function stop(): Promise<void> {
    await Promise.all(sentinels.map((sentinel) => sentinel.kill()))
    road.close()
    await Promise.all([master, ...replicas].map((server) => server.stop()))
    rmSync(folder, { recursive: true, force: true })
  }
  const knows = (sentinel: { readonly port: number }) =>
    tell(sentinel, 'SENTINEL', 'MASTER', 'main').then(
      (reply) => /num-slaves,2,.*num-other-sentinels,2,/.test(String(reply)),
      () => false,
    )
  try {
    await eventually(async () => (await Promise.all(sentinels.map(knows))).every(Boolean), patienceMs)
  } catch (error) {
    await stop()
    throw error
  }
  const urls = sentinels.map(({ port }) => `redis://127.0.0.1:${port}`)
  return { master, replicas, urls, cut: road.cut, stop }
}
