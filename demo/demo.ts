import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Simulators, startSimulators } from '../src/testing/simulators.ts'
import { startApi } from './api.ts'
import { buildSpa } from './build-spa.ts'

export interface DemoOptions {
  readonly port: number
  /** The pages from Vite, so that an edit appears without a reload; else as they are built for people. */
  readonly development?: boolean
  /** Beside the demo's own variables. */
  readonly env?: Readonly<Record<string, string>>
}

export interface Demo {
  readonly url: string
  readonly simulators: Simulators
  /** Resolves when coatcheck has ended by itself. */
  readonly ended: Promise<void>
  close(): Promise<void>
}

const main = join(import.meta.dirname, '../src/main.ts')
const readyWithinMs = 20_000

/** Three simulated providers, an API, a SPA, and in front of them coatcheck: the ordinary server with an ordinary environment. */
export async function runDemo({ port, development = false, env = {} }: DemoOptions): Promise<Demo> {
  await claim(port)
  const url = `http://localhost:${port}`
  const vite = development ? await (await import('./vite.ts')).startVite() : undefined
  const pages: Record<string, string> = vite ? { SPA_DEV_URL: vite.url } : { SPA_DIR: buildSpa() }
  const folder = mkdtempSync(join(tmpdir(), 'coatcheck-demo-'))
  const [simulators, api] = await Promise.all([
    startSimulators({ providers: ['kakao', 'naver', 'google'], publicUrl: url }),
    startApi({ issuer: url }),
  ])
  const server = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main], {
    // Not here: a `.env` of the working directory is not the demo's.
    cwd: folder,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {
      PATH: process.env['PATH'],
      PUBLIC_URL: url,
      PORT: String(port),
      DATA_DIR: folder,
      ...pages,
      API_URL: api.url,
      LOG_LEVEL: process.env['LOG_LEVEL'] ?? 'warn',
      LOG_FORMAT: 'pretty',
      ...simulators.env,
      ...env,
    },
  })
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()))

  async function close() {
    server.kill('SIGTERM')
    await ended
    api.close()
    await simulators.close()
    await vite?.close()
    rmSync(folder, { recursive: true, force: true })
  }

  try {
    await ready(url, server)
  } catch (error) {
    await close()
    throw error
  }
  return { url, simulators, ended, close }
}

/** @throws Error that says how to choose another port */
async function claim(port: number): Promise<void> {
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new Error(`PORT: ${port} is no port, e.g. 3000`)
  const probe = createServer()
  await new Promise<void>((resolve, reject) => {
    probe.once('error', (cause: NodeJS.ErrnoException) => {
      const taken = `Port ${port} is taken (${cause.code}). Choose another one: PORT=3100 npm run demo`
      reject(new Error(taken, { cause }))
    })
    probe.listen(port, '127.0.0.1', resolve)
  })
  await new Promise((resolve) => probe.close(resolve))
}

async function ready(url: string, server: ChildProcess): Promise<void> {
  const deadline = Date.now() + readyWithinMs
  while (Date.now() < deadline && server.exitCode === null) {
    const answered = await fetch(`${url}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    )
    if (answered) return
    await sleep(50)
  }
  throw new Error('coatcheck did not start; what it said is above')
}
