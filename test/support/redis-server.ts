import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { binary } from './binaries.ts'
import { freePort } from './ports.ts'

/** A redis-server of our own, that a test may freeze, kill and start again on the same port with the same data. */
export interface RedisServer {
  readonly url: string
  readonly port: number
  /** SIGSTOP: connections stay open, nothing answers. */
  freeze(): void
  thaw(): void
  /** SIGKILL, as a crash. */
  kill(): Promise<void>
  /** Again, after `kill`. */
  start(): Promise<void>
  stop(): Promise<void>
}

/** Starts one; `settings` are redis.conf settings (`{ appendonly: 'yes' }`). */
export async function startRedis(settings: Readonly<Record<string, string>> = {}): Promise<RedisServer> {
  const program = binary('redis-server', 'redis-server')
  const folder = mkdtempSync(join(tmpdir(), 'coatcheck-redis-'))
  const port = await freePort()
  const all = { bind: '127.0.0.1', port: String(port), dir: folder, save: '', appendonly: 'no', ...settings }
  const options = Object.entries(all).flatMap(([name, value]) => [`--${name}`, ...value.split(' ')])
  let child: ChildProcess | undefined

  async function start() {
    child = spawn(program, options, { stdio: 'ignore' })
    await answering(port)
  }
  async function end(signal: NodeJS.Signals) {
    const running = child
    if (!running || running.exitCode !== null || running.signalCode !== null) return
    const ended = new Promise((resolve) => running.once('exit', resolve))
    running.kill('SIGCONT')
    running.kill(signal)
    await ended
  }

  await start()
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    kill: () => end('SIGKILL'),
    start,
    async stop() {
      await end('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function answering(port: number): Promise<void> {
  const deadline = Date.now() + 10_000
  while (Date.now() < deadline) {
    const answered = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'))
      socket.once('data', (data) => resolve(data.toString().startsWith('+PONG')))
      socket.once('error', () => resolve(false))
      socket.once('close', () => resolve(false))
      setTimeout(() => socket.destroy(), 500).unref()
    })
    if (answered) return
    await sleep(20)
  }
  throw new Error(`redis-server did not answer on port ${port} within 10 s`)
}
