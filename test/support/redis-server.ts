import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { binary } from './binaries.ts'
import { freeRedisPort } from './ports.ts'

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
  const folder = mkdtempSync(join(tmpdir(), 'coatcheck-redis-'))
  function argumentsOn(port: number): readonly string[] {
    const all = {
      bind: '127.0.0.1',
      port: String(port),
      dir: folder,
      save: '',
      appendonly: 'no',
      ...settings,
    }
    return Object.entries(all).flatMap(([name, value]) => [`--${name}`, ...value.split(' ')])
  }
  const program = await startProgram(argumentsOn)

  return {
    url: `redis://127.0.0.1:${program.port}`,
    ...program,
    async stop() {
      await program.kill()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/**
 * redis-server with these arguments, as soon as it answers. On a fresh port, and on another one if it does not come up
 * there: the port, or its cluster bus's, may have been taken meanwhile.
 */
export async function startProgram(
  argumentsOn: (port: number) => readonly string[],
): Promise<Omit<RedisServer, 'url' | 'stop'>> {
  const program = binary('redis-server', 'redis-server')
  let port = await freeRedisPort()
  let child: ChildProcess | undefined

  async function start() {
    const started = spawn(program, argumentsOn(port), { stdio: ['ignore', 'pipe', 'ignore'] })
    child = started
    let said = ''
    started.stdout.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-2_000)
    })
    await answering(port, started).catch((error: Error) => {
      throw new Error(`${error.message}; it said: ${said}`)
    })
  }
  async function end(signal: NodeJS.Signals) {
    const running = child
    if (!running || running.exitCode !== null || running.signalCode !== null) return
    const ended = once(running, 'exit')
    running.kill('SIGCONT')
    running.kill(signal)
    await ended
  }

  await start().catch(async () => {
    await end('SIGKILL')
    port = await freeRedisPort()
    await start()
  })
  return {
    port,
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    kill: () => end('SIGKILL'),
    start,
  }
}

async function answering(port: number, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + 20_000
  while (Date.now() < deadline && child.exitCode === null) {
    const answered = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => socket.write('INFO server\r\n'))
      // This very one: another's might have been quicker.
      socket.once('data', (data) => resolve(data.toString().includes(`process_id:${child.pid}\r\n`)))
      socket.once('error', () => resolve(false))
      socket.once('close', () => resolve(false))
      setTimeout(() => socket.destroy(), 500).unref()
    })
    if (answered) return
    await sleep(20)
  }
  const why = child.exitCode === null ? 'did not answer within 20 s' : `ended with ${child.exitCode}`
  throw new Error(`redis-server on port ${port} ${why}`)
}
