import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, createBrowser } from './browser.ts'
import type { SimulatedProvider } from './simulated-provider.ts'
import { startSimulators } from './simulators.ts'

export type { Browser, Page } from './browser.ts'
export { type Fault, faults } from './faults.ts'
export type { PersonaId, SimulatedPerson } from './personas.ts'
export type { SimulatedProvider } from './simulated-provider.ts'

export interface WorldOptions {
  /** Ids as in PROVIDERS: kakao, naver, google, or any other for a plain OpenID Connect issuer. */
  readonly providers: readonly string[]
}

/** Simulated providers, a clock and browsers around one coatcheck, for test suites. */
export interface World {
  /** For `createCoatcheck`: PUBLIC_URL and PORT of a free port, PROVIDERS and theirs, a secret, a data folder. */
  readonly env: Readonly<Record<string, string>>
  /** The world's time, ms: for `createCoatcheck` too. */
  readonly now: () => number
  advance(ms: number): void
  provider(id: string): SimulatedProvider
  /** A new browser. With `app` (a request listener) the world serves it at PUBLIC_URL; else something must listen there. */
  browser(app?: RequestListener): Browser
  close(): Promise<void>
}

export async function createWorld({ providers }: WorldOptions): Promise<World> {
  const [port, dataDir] = await Promise.all([freePort(), mkdtemp(join(tmpdir(), 'coatcheck-world-'))])
  const publicUrl = new URL(`http://localhost:${port}`)
  let ahead = 0
  const now = () => Date.now() + ahead
  const simulators = await startSimulators({ providers, publicUrl: publicUrl.href, clock: now })
  const atOrigin = new Map([...simulators.all.values()].map((one) => [one.origin, one]))
  let app: RequestListener | undefined
  let server: Server | undefined

  function serve(listener: RequestListener) {
    app = listener
    server ??= createServer((req, res) => app?.(req, res)).listen(port, '127.0.0.1')
  }

  return {
    env: {
      PUBLIC_URL: publicUrl.origin,
      PORT: String(port),
      DATA_DIR: dataDir,
      DATABASE_URL: `sqlite:${join(dataDir, 'users.sqlite')}`,
      SESSION_SECRET: randomBytes(32).toString('hex'),
      LOG_LEVEL: 'silent',
      ...simulators.env,
    },
    now,
    advance(ms) {
      ahead += ms
    },
    provider(id) {
      const found = simulators.all.get(id)
      if (!found)
        throw new Error(`no simulated provider ${id}: createWorld was given ${providers.join(', ')}`)
      return found
    },
    browser(listener) {
      if (listener) serve(listener)
      return createBrowser({
        publicUrl,
        clock: now,
        personaAt: (origin) => atOrigin.get(origin)?.persona,
      })
    },
    async close() {
      if (server) {
        const closed = once(server, 'close')
        server.close()
        server.closeAllConnections()
        await closed
      }
      await simulators.close()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

async function freePort(): Promise<number> {
  const probe = createTcpServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return port
}
