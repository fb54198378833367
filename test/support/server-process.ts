import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const main = join(import.meta.dirname, '../../src/main.ts')

/** A server as an operator starts it: `src/main.ts` in a process of its own, configured by its environment alone. */
export interface ServerProcess {
  readonly child: ChildProcess
  /** Everything it has written so far. */
  readonly output: () => { readonly stdout: string; readonly stderr: string }
  /** Resolves with the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

/** Starts it and does not wait. `program`: the sources', or a build's. */
export function spawnServer(env: Readonly<Record<string, string>>, cwd = '/', program = main): ServerProcess {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program], {
    cwd,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk.toString()
  })
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
  })
  return {
    child,
    output: () => ({ stdout, stderr }),
    async stop(signal = 'SIGTERM') {
      if (child.exitCode !== null) return child.exitCode
      const exited = once(child, 'close')
      child.kill(signal)
      const [code] = (await exited) as [number | null]
      return code
    },
  }
}

/** Starts it and waits until `GET /readyz` answers 200. */
export async function startServer(
  env: Readonly<Record<string, string>>,
  cwd?: string,
  program?: string,
): Promise<ServerProcess> {
  const server = spawnServer(env, cwd, program)
  const url = `${env['PUBLIC_URL']}/readyz`
  const deadline = Date.now() + 20_000
  while (Date.now() < deadline) {
    const ready = await fetch(url).then(
      (response) => response.status === 200,
      () => false,
    )
    if (ready) return server
    if (server.child.exitCode !== null) break
    await sleep(20)
  }
  const { stdout, stderr } = server.output()
  await server.stop('SIGKILL')
  throw new Error(`the server is not ready:\n${stdout}\n${stderr}`)
}
