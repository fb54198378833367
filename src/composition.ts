import type { IncomingMessage, RequestListener, ServerOptions } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Express } from 'express'
import { createApiTokens } from './api-token/create-api-tokens.ts'
import { loadKeys, loadOrGenerateKeys } from './api-token/key-file.ts'
import { createApp } from './app.ts'
import type { Clock } from './clock.ts'
import type { Config } from './config/config.ts'
import { createSealer } from './crypto/seal.ts'
import { type Environment, type Examined, examine } from './examination.ts'
import { createBodyPace } from './http/body-pace.ts'
import { createBodyGuard } from './http/outside-body.ts'
import { Problem } from './http/problem.ts'
import { createPublicHost } from './http/public-host.ts'
import { createTrustedPeers } from './http/trusted-peers.ts'
import { createAttemptJar, isAttemptCookie } from './login/attempt.ts'
import { createAttemptNotes } from './login/attempt-notes.ts'
import { createLogin, createProviderCalls } from './login/create-login.ts'
import { createLastProvider, isLastProviderCookie } from './login/last-provider.ts'
import type { LoginRoom } from './login/login-room.ts'
import { createProviderLogouts, isProviderLogoutCookie } from './login/provider-logout.ts'
import { createReturnTo } from './login/return-to.ts'
import { countLogins, countSessions, observeStore, reportCalls } from './observation.ts'
import { createLog } from './ops/create-log.ts'
import { createMetrics } from './ops/create-metrics.ts'
import { createHealth } from './ops/health.ts'
import { limitRate } from './ops/limit-rate.ts'
import type { Log } from './ops/log.ts'
import { createRequestLog, logRequests } from './ops/log-requests.ts'
import type { MetricsReport } from './ops/metrics-sum.ts'
import { createOpsListener } from './ops/ops-listener.ts'
import { createRateLimiter } from './ops/rate-limiter.ts'
import { openTracing } from './ops/tracing/open-tracing.ts'
import { expressRouteOf, traceApp } from './ops/tracing/trace-app.ts'
import { createProviders } from './providers/create-providers.ts'
import { createProxy } from './proxy/create-proxy.ts'
import { afterTheGate, serverOptions } from './proxy/server-options.ts'
import { travellerOf } from './proxy/traveller.ts'
import { refuseUpgrade, takeOver } from './proxy/upgrade-answer.ts'
import { createSessions } from './session/create-sessions.ts'
import { sessionSecrets, sessionSettings } from './session-settings.ts'
import { createAutomatically } from './signup/create-automatically.ts'
import { createSignup } from './signup/create-signup.ts'
import { createSpa } from './spa/create-spa.ts'
import { createUsers } from './users/create-users.ts'
import { DirectoryUnavailable } from './users/directory.ts'
import { createWellKnown } from './well-known.ts'

export type { Environment } from './examination.ts'

/** coatcheck, to mount in an application of one's own. */
export interface Coatcheck {
  /** A request listener: an Express application. */
  readonly app: Express
  /** For the server's `upgrade` event. */
  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void
  /**
   * Who makes this request, for routes of one's own. It judges nothing else: a route that changes something has to ask for proof that
   * the request comes from one's own pages. @throws Problem `session-store-unavailable` when the store cannot tell
   */
  member(req: IncomingMessage): Promise<Member | undefined>
  close(): Promise<void>
}

/** A signed-in user: an id, and what the sign-up schema asked for. */
export type Member = Readonly<Record<string, unknown>> & { readonly id: string }

/** A configuration that cannot be used; `problems` are the lines of `coatcheck check`. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError'
  readonly problems: readonly string[]
  constructor(problems: readonly string[]) {
    super(`coatcheck cannot start:\n${problems.join('\n')}`)
    this.problems = problems
  }
}

/**
 * Builds coatcheck from an environment. It does not listen, reads no files but those that `env` names, and never ends the process.
 * @param options.now the time in ms since the epoch
 * @throws ConfigurationError with every problem at once
 */
export async function createCoatcheck(
  options: { readonly env?: Environment; readonly now?: Clock } = {},
): Promise<Coatcheck> {
  const examined = await examine(options.env ?? process.env)
  if ('problems' in examined) throw new ConfigurationError(examined.problems)
  const { app, upgrade, member, close } = await compose(examined, { clock: options.now ?? Date.now })
  return { app, upgrade, member, close }
}

/** coatcheck with what a process of its own needs besides. */
export interface House extends Coatcheck {
  readonly log: Log
  /** Writes out the log's lines that are waiting; for the moment before the process ends. */
  flush(): void
  /** For `createServer`: which upgrades are wanted, how long a request may take. */
  readonly serverOptions: ServerOptions
  /** For the server's `checkContinue`: the gate comes first. */
  readonly checkContinue: RequestListener
  /** `/metrics` and the verbose `/readyz`, for a listener of their own. */
  readonly ops: RequestListener
  /** This process's own metrics, for a sum over several. */
  report(): Promise<MetricsReport>
  /** Makes `/readyz` answer 503 from now on. */
  leave(): void
  /** Ends sockets and event streams. */
  endStreams(): void
  /** Reads key files again. */
  reload(): Promise<void>
}

export interface ComposeOptions {
  readonly clock: Clock
  readonly ownProcess?: boolean
  readonly scrape?: () => Promise<string>
  readonly traceTo?: Environment
}

/**
 * Puts the rooms together.
 * @param options.ownProcess the process is ours alone: its memory and CPU are among the metrics, and `flush` is called before it ends
 * @param options.traceTo the environment whose OTEL_* variables say where spans go; without it there are none
 * @param options.scrape the metrics of all processes that share the port; without it this one is alone
 */
export async function compose(
  { config, signupSchema }: Examined,
  { clock, ownProcess = false, scrape, traceTo = {} }: ComposeOptions,
): Promise<House> {
  const log = createLog({ ...config.log, batched: ownProcess })
  const metrics = createMetrics({
    providers: config.providers.map(({ id }) => id),
    routes: config.routes.map(({ path }) => path),
    ofProcess: ownProcess,
  })
  const secrets = sessionSecrets(config)
  const ownCookieNames = (name: string) => {
    const bare = name.replace(/^__Host-/, '')
    return (
      bare === config.session.cookieName ||
      isAttemptCookie(bare) ||
      isLastProviderCookie(bare) ||
      isProviderLogoutCookie(bare)
    )
  }

  const { origin: publicOrigin, host: publicHost, secure } = config.public
  const tracing = await openTracing({
    env: traceTo,
    publicOrigin,
    routeOf: (req) => travellerOf(req)?.route.path ?? expressRouteOf(req),
    log,
  })
  const observeRedis = observeStore(metrics, 'redis', tracing)
  const users = await createUsers({
    database: config.database,
    clock,
    log,
    observe: observeStore(metrics, config.database.kind === 'postgres' ? 'postgresql' : 'sqlite', tracing),
  })
  const sessions = await createSessions({
    ...sessionSettings(config, secrets),
    clock,
    log,
    onEvent: countSessions(metrics),
    onStore: observeRedis,
    async admits(session) {
      if (session.state !== 'member') return true
      const user = await users.directory.find(session.user.id)
      return user !== undefined && !user.disabled
    },
  })
  const kinds = new Set(config.routes.map(({ token }) => token))
  const providers = createProviders({
    providers: config.providers,
    publicOrigin,
    kakaoAdminKey: config.kakaoAdminKey,
    offlineAccess: kinds.has('provider') || kinds.has('exchange'),
    clock,
    log,
    ...(tracing && { fetch: tracing.fetch }),
  })
  const apiTokens = await createApiTokens({
    service: { ...config.serviceToken, readKeys: keyReader(config) },
    wantsService: kinds.has('service'),
    tickets: sessions.tickets,
    index: sessions.index,
    refresh: async ({ provider, subject }, grant, signal) =>
      providers.all.get(provider)?.account.refresh(grant, signal, subject),
    exchange: config.tokenExchange,
    redis: config.redis && { client: sessions.redis, prefix: config.redis.prefix, observe: observeRedis },
    clock,
    log,
    observe: metrics.tokenRenewed,
    fetch: tracing?.fetch,
  })
  const { initialTokens } = apiTokens.issuer
  const pages = { home: config.spa.homePath, login: config.spa.loginPath, signup: config.spa.signupPath }
  const requestLog = createRequestLog(log)
  const bodyPace = createBodyPace()
  const proxy = createProxy({
    routes: config.routes,
    connections: config.upstreamConnections,
    publicOrigin,
    publicHost,
    secure,
    trustProxy: config.trustProxy,
    ownCookieNames,
    loginPath: pages.login,
    reader: sessions.reader,
    tokens: apiTokens.tokens,
    clock,
    log,
    bodyPace,
    observe: reportCalls({ metrics, log, requestLog, tracing }),
    trace: tracing?.callUpstream,
  })
  metrics.watch({ sessions: sessions.figures, connections: proxy.connections })
  const spa = createSpa({
    ...config.spa,
    secure,
    contentSecurityPolicy: config.contentSecurityPolicy,
    formOrigins: () => providers.formOrigins(),
    isOwnCookie: ownCookieNames,
    now: clock,
    log,
  })
  const { directory } = users
  const signup = createSignup({
    sessions,
    directory,
    schema: signupSchema,
    initialTokens,
    closed: config.signup.mode === 'closed',
    log,
  })
  const room: LoginRoom = {
    pages,
    publicOrigin,
    providers,
    sessions,
    users,
    newcomers:
      config.signup.mode === 'auto'
        ? { mode: 'auto', create: createAutomatically({ directory, schema: signupSchema, log }) }
        : { mode: config.signup.mode },
    attempts: createAttemptJar({ sealer: createSealer(secrets, 'attempt'), clock, secure }),
    attemptNotes: createAttemptNotes({
      notes: sessions.notes,
      sealer: createSealer(secrets, 'attempt-note'),
      clock,
    }),
    providerLogouts: createProviderLogouts({
      notes: sessions.notes,
      marks: sessions.marks,
      sealer: createSealer(secrets, 'provider-logout'),
      clock,
      secure,
    }),
    lastProvider: createLastProvider({ secure }),
    returnTo: createReturnTo(pages.home, proxy.claims),
    initialTokens,
    clock,
    log,
    observe: countLogins(metrics),
  }
  const peers = createTrustedPeers(config.trustProxy)
  const clientAddress = (req: IncomingMessage) =>
    peers.clientAddress(req.socket.remoteAddress, req.headers['x-forwarded-for']?.toString())
  const limiter =
    config.rateLimit &&
    createRateLimiter({
      ...config.rateLimit,
      redis: sessions.redis,
      prefix: config.redis?.prefix ?? '',
      clock,
    })
  const health = createHealth([
    { name: 'sessions', ping: () => sessions.ping(), required: true },
    { name: 'users', ping: () => users.ping(), required: false },
  ])

  const namedHost = createPublicHost(config.public)
  const app = createApp({
    publicOrigin,
    publicHost: namedHost,
    guardBody: createBodyGuard(bodyPace),
    logRequests: logRequests(requestLog, clock),
    healthz: health.live,
    readyz: health.ready,
    proxy: proxy.handle,
    securityHeaders: spa.headers,
    limitRate: limiter
      ? limitRate(limiter, clientAddress, metrics.rateLimited)
      : (_req, _res, next) => next(),
    providerCalls: createProviderCalls(room),
    login: createLogin(room),
    signup,
    loadSession: sessions.writer.load,
    wellKnown: createWellKnown({ keys: apiTokens.keys, issuer: config.serviceToken.issuer, publicOrigin }),
    spa: spa.handle,
    recentPage: spa.recent,
    toProblem,
    logError: log.error,
  })

  traceApp(app, tracing)
  function upgrade(req: IncomingMessage, socket: Duplex, head: Buffer) {
    if (namedHost.elsewhere(req) !== undefined) {
      if (takeOver(socket)) refuseUpgrade(req, socket, new Problem('misdirected-request'))
    } else if (!proxy.upgrade(req, socket, head) && !spa.upgrade(req, socket, head))
      refuseUpgrade(req, socket, new Problem('not-found'))
  }

  return {
    app,
    upgrade: tracing
      ? (req, socket, head) => tracing.upgrade(req, socket, () => upgrade(req, socket, head))
      : upgrade,
    async member(req) {
      const session = (await sessions.reader.read(req.headers.cookie))?.session
      return session?.state === 'member' ? { ...session.user.profile, id: session.user.id } : undefined
    },
    log,
    flush: log.flush,
    serverOptions,
    checkContinue: afterTheGate(app),
    ops: createOpsListener({ contentType: metrics.contentType, text: scrape ?? metrics.text }, health),
    report: metrics.report,
    leave: health.drain,
    endStreams: () => proxy.endStreams(),
    reload: () => apiTokens.reload(),
    async close() {
      await proxy.close()
      await Promise.all([spa.close(), providers.close(), sessions.close(), users.close(), tracing?.close()])
      metrics.close()
      log.close()
    },
  }
}

/** The private keys that sign service tokens: the configured file, else a developer's own; with a secret none. */
function keyReader({ serviceToken, dataDir, public: { loopback } }: Config) {
  const { keysPath, secret } = serviceToken
  if (secret !== undefined) return undefined
  if (keysPath !== undefined) return () => loadKeys(keysPath)
  return loopback ? () => loadOrGenerateKeys(dataDir) : undefined
}

/** Errors that rooms of a lower floor throw past their callers, in the public interface's words. */
function toProblem(error: unknown): Problem | undefined {
  if (error instanceof DirectoryUnavailable)
    return new Problem('user-directory-unavailable', { cause: error })
  return undefined
}
