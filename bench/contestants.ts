import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { prepareApache } from './apache.ts'
import { serverPort } from './ports.ts'
import { installed, type Measured, type Role, start } from './processes.ts'
import { cookieFrom, mintSessions } from './sessions.ts'

/** A server under measurement. */
export interface Contestant {
  readonly name: string
  /** 0, or which further process of the same server it is. */
  readonly twin: number
  readonly origin: string
  readonly process: Measured
  /** Cookie headers of signed-in people; none: it knows no sessions. */
  readonly cookies: readonly string[]
}

export interface Surroundings {
  readonly upstream: string
  readonly redisUrl: string
  /** Signed-in people that coatcheck knows. */
  readonly sessions: number
  /** Processes of those that are compared most closely: each keeps a bias of its own from its start. */
  readonly twins: number
}

const folder = mkdtempSync(join(tmpdir(), 'coatcheck-bench-'))
const secret = 'bench-secret-bench-secret-bench-secret'

/** A page and a 4 KB file, for the servers that have static files. */
function makeSpa(): string {
  const dir = join(folder, 'spa')
  mkdirSync(join(dir, 'assets'), { recursive: true })
  writeFileSync(join(dir, 'index.html'), '<!doctype html><title>bench</title>')
  writeFileSync(join(dir, 'assets', 'app-12345678.js'), `export const x = '${'x'.repeat(4000)}'\n`)
  return dir
}

const server = (name: string) => [process.execPath, join(import.meta.dirname, 'servers', `${name}.ts`)]

/** Starts them all; `npm run bench -- --only coatcheck,undici` starts some. */
export async function startContestants(
  surroundings: Surroundings,
  wanted: (name: string) => boolean,
): Promise<Contestant[]> {
  const { upstream, redisUrl, sessions, twins } = surroundings
  const spa = makeSpa()
  const contestants: Contestant[] = []

  async function add(
    name: string,
    command: string[],
    env: Record<string, string>,
    cookies: readonly string[],
    role: Role = 'server',
  ) {
    if (!wanted(name)) return
    const port = String(env['PORT'] ?? serverPort())
    const process = await start(command, role, { PORT: port, UPSTREAM: upstream, ...env })
    const twin = contestants.filter((other) => other.name === name).length
    contestants.push({ name, twin, origin: `http://localhost:${port}`, process, cookies })
  }

  const minted = wanted('coatcheck') ? await mintSessions({ redisUrl, secret, count: sessions }) : []
  const main = [process.execPath, ...startFlags(), join(import.meta.dirname, '../src/main.ts')]
  for (const [name, env, role] of [
    ['coatcheck', {}, 'server'],
    ['coatcheck, a request line each', { LOG_LEVEL: 'info' }, 'server'],
    ['coatcheck, on both cores', {}, 'both cores'],
    ['coatcheck, WORKERS=2 on both cores', { WORKERS: '2' }, 'both cores'],
  ] as const)
    await add(name, main, { ...coatcheckEnvironment(surroundings, spa), ...env }, minted, role)
  for (let twin = 1; twin < twins; twin += 1)
    await add('coatcheck', main, coatcheckEnvironment(surroundings, spa), minted)
  await add('stock', server('stock'), { REDIS_URL: redisUrl, SPA_DIR: spa }, [])
  const stock = contestants.find(({ name }) => name === 'stock')
  if (stock) {
    const cookies = await Promise.all(Array.from({ length: 300 }, () => cookieFrom(`${stock.origin}/login`)))
    contestants[contestants.indexOf(stock)] = { ...stock, cookies }
  }
  await add('http-proxy-middleware', server('http-proxy-middleware'), {}, [])
  await add('node:http', server('node-http'), {}, [])
  for (let twin = 0; twin < twins; twin += 1) await add('undici', server('undici'), {}, [])
  const nginx = installed('nginx')
  if (nginx && wanted('nginx')) {
    const port = String(serverPort())
    await add('nginx', nginxCommand(nginx, { port, upstream, spa }), { PORT: port }, [])
  }
  const port = String(serverPort())
  const apache = wanted('mod_auth_openidc') && (await prepareApache({ port, upstream, redisUrl, folder }))
  if (apache) {
    await add('mod_auth_openidc', apache.command, { PORT: port }, [])
    contestants.push({ ...(contestants.pop() as Contestant), cookies: [await apache.signIn()] })
    await apache.close()
  }
  return contestants
}

/** Node's flags of `npm start`. */
function startFlags(): string[] {
  const { scripts } = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8'))
  return scripts.start.split(' ').filter((word: string) => word.startsWith('--'))
}

function coatcheckEnvironment({ upstream, redisUrl }: Surroundings, spa: string): Record<string, string> {
  const port = String(serverPort())
  const dataDir = mkdtempSync(join(folder, 'data-'))
  return {
    PORT: port,
    PUBLIC_URL: `http://localhost:${port}`,
    DATA_DIR: dataDir,
    SESSION_SECRET: secret,
    REDIS_URL: redisUrl,
    PROVIDERS: 'kakao',
    KAKAO_CLIENT_ID: 'bench',
    KAKAO_CLIENT_SECRET: 'bench',
    API_URL: upstream,
    SPA_DIR: spa,
    LOG_LEVEL: 'warn',
    OPS_PORT: String(serverPort()),
  }
}

function nginxCommand(
  nginx: string,
  { port, upstream, spa }: { port: string; upstream: string; spa: string },
): string[] {
  const config = join(folder, 'nginx.conf')
  writeFileSync(
    config,
    `daemon off; user root; worker_processes 1; pid ${folder}/nginx.pid; error_log stderr;
events { worker_connections 4096; }
http { access_log off; upstream api { server ${new URL(upstream).host}; keepalive 64; }
server { listen 127.0.0.1:${port}; location /assets/ { root ${spa}; } location / { proxy_pass http://api; proxy_http_version 1.1; proxy_set_header Connection ""; } } }`,
  )
  return [nginx, '-c', config]
}
