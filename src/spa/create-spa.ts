import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { RequestHandler } from 'express'
import type { Clock } from '../clock.ts'
import type { Log } from '../ops/log.ts'
import { createDevServer } from './dev-server.ts'
import { createPagePolicy } from './page-policy.ts'
import { createRecentAnswers } from './recent-answers.ts'
import { createSecurityHeaders } from './security-headers.ts'
import { createBuildServer } from './serve-build.ts'
import { createSpaBuild } from './spa-build.ts'

export interface SpaOptions {
  /** The folder of a built SPA; undefined: none is served. */
  readonly dir: string | undefined
  /** A development server to pass to instead; http on loopback. */
  readonly devUrl: string | undefined
  /** Browsers come over https. */
  readonly secure: boolean
  readonly contentSecurityPolicy: ReadonlyMap<string, readonly string[]> | undefined
  /** Origins that a login or logout form may lead to; asked for each response. */
  readonly formOrigins: () => readonly string[]
  /** Session and attempt cookies never reach a development server. */
  readonly isOwnCookie: (name: string) => boolean
  readonly now: Clock
  readonly log: Log
}

export interface Spa {
  /** Security headers for everything that this origin answers itself; upstream answers keep their own. */
  readonly headers: RequestHandler
  /** Answers at once what was answered this second already, by every step before; false: the request goes its way. */
  recent(req: IncomingMessage, res: ServerResponse): boolean
  /** The last in line: what it does not serve is not found. */
  readonly handle: RequestHandler
  /** False: not for the SPA. */
  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): boolean
  close(): Promise<void>
}

/** The pages: a built SPA with history fallback, or its development server. Needs no session store, so it is there when Redis is not. */
export function createSpa(options: SpaOptions): Spa {
  const { dir, devUrl, secure, now, log } = options
  const policy = createPagePolicy({
    secure,
    development: devUrl !== undefined,
    directives: options.contentSecurityPolicy,
    formOrigins: options.formOrigins,
  })
  const devServer = devUrl ? createDevServer({ url: devUrl, isOwnCookie: options.isOwnCookie }) : undefined
  const build = dir && !devServer ? createSpaBuild(dir, now) : undefined
  void build?.find('/index.html').then((index) => {
    if (!index) log.warn('spa.index-missing', { dir })
  })

  const recent = createRecentAnswers(now)
  return {
    recent: recent.answer,
    headers: createSecurityHeaders(policy, { secure }),
    handle:
      devServer?.handle ?? (build ? createBuildServer(build, policy, recent) : (_req, _res, next) => next()),
    upgrade(req, socket, head) {
      devServer?.upgrade(req, socket, head)
      return devServer !== undefined
    },
    async close() {
      devServer?.close()
    },
  }
}
