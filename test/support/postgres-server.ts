import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chownSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { binary } from './binaries.ts'
import { freePort } from './ports.ts'

/** A PostgreSQL of our own, that a test may freeze, kill and start again on the same port with the same data. */
export interface PostgresServer {
  /** URL of its database `postgres`; trust authentication. */
  readonly url: string
  readonly port: number
  freeze(): void
  thaw(): void
  kill(): Promise<void>
  start(): Promise<void>
  stop(): Promise<void>
}

/** initdb and postgres refuse to run as root; then the distribution's own user runs them. */
function unprivileged(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {}
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}

export async function startPostgres(): Promise<PostgresServer> {
  const initdb = binary('initdb', 'postgresql')
  const program = binary('postgres', 'postgresql')
  const owner = unprivileged()
  const folder = mkdtempSync(join(tmpdir(), 'coatcheck-postgres-'))
  if (owner.uid !== undefined && owner.gid !== undefined) chownSync(folder, owner.uid, owner.gid)
  const data = join(folder, 'data')
  execFileSync(
    initdb,
    ['-D', data, '-U', 'postgres', '-A', 'trust', '--no-sync', '-E', 'UTF8', '--locale=C.UTF-8'],
    {
      ...owner,
      stdio: ['ignore', 'ignore', 'pipe'],
      cwd: folder,
    },
  )
  const port = await freePort()
  const settings = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: folder,
    fsync: 'off',
    max_connections: 200,
  }
  let child: ChildProcess | undefined
  let said = ''

  async function start() {
    const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    const started = spawn(program, ['-D', data, ...options], {
      ...owner,
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    child = started
    said = ''
    started.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString()
    })
    const deadline = Date.now() + 20_000
    while (!said.includes('database system is ready to accept connections')) {
      if (started.exitCode !== null || Date.now() > deadline)
        throw new Error(`postgres did not start: ${said.slice(-1000)}`)
      await sleep(20)
    }
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
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    port,
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    kill: () => end('SIGKILL'),
    start,
    async stop() {
      await end('SIGINT')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
