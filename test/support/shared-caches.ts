import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { binary } from './binaries.ts'
import { type Edge, run } from './edges.ts'

export interface CacheOptions {
  /** For its files. */
  readonly folder: string
  /** Where it listens on 127.0.0.1. */
  readonly port: number
  /** The port of the coatcheck behind it. */
  readonly app: number
}

/** nginx with proxy_cache, which keeps whatever an answer lets it keep; `X-Cache` says where an answer came from. */
export function startCachingNginx({ folder, port, app }: CacheOptions): Edge {
  // Its workers are another user.
  chmodSync(folder, 0o755)
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${folder}/${name};`)
    .join(' ')
  const path = join(folder, 'nginx.conf')
  writeFileSync(
    path,
    `daemon off; pid ${folder}/pid; error_log stderr; events { worker_connections 1024; }
     http {
       access_log off; ${temporary}
       proxy_cache_path ${folder}/cache keys_zone=answers:10m;
       server {
         listen 127.0.0.1:${port};
         location / {
           proxy_pass http://127.0.0.1:${app};
           proxy_http_version 1.1;
           proxy_set_header Host $http_host;
           proxy_set_header Connection '';
           proxy_cache answers;
           proxy_cache_revalidate on;
           add_header X-Cache $upstream_cache_status always;
         }
       }
     }`,
  )
  return run({ folder }, [binary('nginx', 'nginx-light'), '-p', folder, '-c', path])
}

const modules = ['mpm_event', 'authz_core', 'unixd', 'proxy', 'proxy_http', 'cache', 'cache_disk']

/** Apache with mod_cache, which keeps whatever an answer lets it keep; `X-Cache` says where an answer came from. */
export function startCachingApache({ folder, port, app }: CacheOptions): Edge {
  const cache = join(folder, 'cache')
  mkdirSync(cache)
  // Its workers are another user.
  chmodSync(folder, 0o755)
  chmodSync(cache, 0o777)
  const path = join(folder, 'apache.conf')
  const loaded = modules.map((name) => {
    return `<IfModule !${name}_module>\nLoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so\n</IfModule>`
  })
  writeFileSync(
    path,
    `ServerRoot ${folder}
     ServerName localhost
     Listen 127.0.0.1:${port}
     PidFile ${folder}/pid
     DefaultRuntimeDir ${folder}
     ErrorLog ${folder}/error.log
     ${loaded.join('\n')}
     User www-data
     Group www-data
     ProxyPreserveHost On
     ProxyPass / http://127.0.0.1:${app}/
     CacheRoot ${cache}
     CacheEnable disk /
     CacheHeader on`,
  )
  return run({ folder }, [binary('apache2', 'apache2'), '-f', path, '-DFOREGROUND'])
}
