import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createServer as createVite } from 'vite'

export interface Vite {
  readonly url: string
  close(): Promise<void>
}

/**
 * Vite's development server on the demo's pages, for coatcheck to pass to: an edit appears without a reload.
 * As a middleware it leaves signals to us.
 */
export async function startVite(): Promise<Vite> {
  const server = createServer()
  const vite = await createVite({
    configFile: join(import.meta.dirname, 'spa/vite.config.ts'),
    server: { middlewareMode: true, hmr: { server } },
  })
  server.on('request', vite.middlewares)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      await vite.close()
      server.close()
      server.closeAllConnections()
    },
  }
}
