import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Tracing } from './tracing.ts'

type Handle = (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void) => void

/** Gives each request of an Express application its span. Without tracing the application stays as it is. */
export function traceApp(app: object, tracing: Tracing | undefined): void {
  if (!tracing) return
  const entry = app as { handle: Handle }
  const handle = entry.handle.bind(app)
  entry.handle = (req, res, next) => tracing.serve(req, res, () => handle(req, res, next))
}

/** What Express took a request to, as it is mounted: `/auth/callback/:provider`. */
export function expressRouteOf(req: IncomingMessage): string | undefined {
  const { baseUrl = '', route } = req as IncomingMessage & { baseUrl?: string; route?: { path?: unknown } }
  return typeof route?.path === 'string' ? baseUrl + route.path : undefined
}
