import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { binary } from './binaries.ts'

const deploy = join(import.meta.dirname, '../../deploy')

/** A TLS certificate for localhost, as paths of PEM files. */
export interface Certificate {
  readonly certificate: string
  readonly key: string
}

export interface EdgeOptions {
  /** For configuration, certificate and temporary files. */
  readonly folder: string
  /** Where it listens on 127.0.0.1. */
  readonly http: number
  readonly https: number
  /** Ports of the coatchecks behind it. */
  readonly apps: readonly number[]
  /** Without one, the edge speaks plain HTTP on `https`. */
  readonly tls?: Certificate
}

export interface Edge {
  /** What it has written to stderr. */
  readonly said: () => string
  stop(): Promise<void>
}

/** The installed nginx with deploy/nginx.conf, on these ports. */
export function startNginx(options: EdgeOptions): Edge {
  const { folder } = options
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${folder}/${name};`)
    .join(' ')
  const path = join(folder, 'nginx.conf')
  writeFileSync(
    path,
    `daemon off; pid ${folder}/pid; error_log stderr; events { worker_connections 4096; }
     http { access_log off; ${temporary}\n${nginxSite(options)}\n}`,
  )
  return run(options, [binary('nginx', 'nginx-light'), '-p', folder, '-c', path])
}

function nginxSite({ http, https, apps, tls }: EdgeOptions): string {
  const server = /server 127\.0\.0\.1:3000(.*);/
  const site = readFileSync(join(deploy, 'nginx.conf'), 'utf8')
    .replace(server, (_, rest: string) => apps.map((app) => `server 127.0.0.1:${app}${rest};`).join(' '))
    .replace('listen 80;', `listen 127.0.0.1:${http};`)
    .replace('listen 443 ssl;', `listen 127.0.0.1:${https}${tls ? ' ssl' : ''};`)
    .replaceAll('https://app.example.com', `https://localhost:${https}`)
    .replaceAll('server_name app.example.com', 'server_name localhost')
  return tls
    ? site
        .replace('/etc/ssl/app.example.com/fullchain.pem', tls.certificate)
        .replace('/etc/ssl/app.example.com/privkey.pem', tls.key)
    : site.replace(/^ *ssl_.*$/gm, '')
}

/** The installed Caddy with deploy/Caddyfile and a certificate of ours, on these ports. */
export function startCaddy(options: EdgeOptions): Edge {
  const { folder, http, https, apps, tls } = options
  const site = readFileSync(join(deploy, 'Caddyfile'), 'utf8')
    .replace('127.0.0.1:3000 {', `${apps.map((app) => `127.0.0.1:${app}`).join(' ')} {`)
    .replace(
      'app.example.com {',
      tls
        ? `https://localhost:${https} {\n\tbind 127.0.0.1\n\ttls ${tls.certificate} ${tls.key}`
        : `http://localhost:${https} {\n\tbind 127.0.0.1`,
    )
  const path = join(folder, 'Caddyfile')
  // To Caddy the one port is for https alone, and the other for http.
  const [plain, secure] = tls ? [http, https] : [https, http]
  writeFileSync(path, `{\n\tadmin off\n\thttp_port ${plain}\n\thttps_port ${secure}\n}\n${site}`)
  return run(options, [binary('caddy', 'caddy'), 'run', '--adapter', 'caddyfile', '--config', path])
}

/** A program of the system in front of us, until it is stopped. */
export function run(
  { folder }: Pick<EdgeOptions, 'folder'>,
  [program = '', ...args]: readonly string[],
): Edge {
  const home = { HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder }
  const child: ChildProcess = spawn(program, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...home },
  })
  const ended = once(child, 'close')
  let said = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  return {
    said: () => said,
    async stop() {
      child.kill('SIGTERM')
      await ended
    },
  }
}
