import { join } from 'node:path'
import type { Config, RouteConfig, SpaConfig } from './config.ts'
import { contentSecurityPolicy } from './content-security-policy.ts'
import type { FileReader } from './file-reader.ts'
import { localPath, text, webUrl } from './grammar.ts'
import type { VariableReader } from './variable-reader.ts'

interface Surroundings {
  readonly files: FileReader
  readonly routes: readonly RouteConfig[]
  readonly loopback: boolean
}

/** The application in the browser: where it comes from, its pages that a login leads to, its policy. */
export function readSpa(
  reader: VariableReader,
  { files, routes, loopback }: Surroundings,
): Pick<Config, 'spa' | 'contentSecurityPolicy'> {
  const spa: SpaConfig = {
    dir: reader.read('SPA_DIR', text),
    devUrl: reader.read('SPA_DEV_URL', webUrl),
    homePath: reader.read('SPA_HOME_PATH', localPath),
    loginPath: reader.read('SPA_LOGIN_PATH', localPath),
    signupPath: reader.read('SPA_SIGNUP_PATH', localPath),
  }
  if (spa.dir !== undefined && !canRead(files, join(spa.dir, 'index.html')))
    reader.problem('SPA_DIR', 'must name a folder with an index.html')
  if (reader.isSet('SPA_DEV_URL') && !loopback)
    reader.problem('SPA_DEV_URL', 'is for development: PUBLIC_URL must be on loopback')
  if (reader.isSet('SPA_DEV_URL') && reader.isSet('SPA_DIR'))
    reader.problem('SPA_DEV_URL', 'must not be set beside SPA_DIR: the page comes from one of them')
  refuseUnreachablePages(reader, spa, routes)
  return { spa, contentSecurityPolicy: reader.read('CONTENT_SECURITY_POLICY', contentSecurityPolicy) }
}

const reserved = ['/auth', '/.well-known', '/healthz', '/readyz'].map((path) => ({ path, auth: 'required' }))

/** A page under `/auth` is ours to answer, one on a route that needs a session is 401: a login would lead nowhere. */
function refuseUnreachablePages(
  reader: VariableReader,
  spa: SpaConfig,
  routes: readonly Pick<RouteConfig, 'path' | 'auth'>[],
): void {
  const longestFirst = [...routes, ...reserved].sort((a, b) => b.path.length - a.path.length)
  const pages = [
    ['SPA_HOME_PATH', spa.homePath],
    ['SPA_LOGIN_PATH', spa.loginPath],
    ['SPA_SIGNUP_PATH', spa.signupPath],
  ] as const
  for (const [name, page] of pages) {
    const path = page.replace(/[?#].*$/, '')
    const owner = longestFirst.find(
      (one) => one.path === '/' || path === one.path || path.startsWith(`${one.path}/`),
    )
    if (reader.isSet(name) && owner?.auth === 'required')
      reader.problem(name, `must be a page that anybody can open: ${owner.path} is not`)
  }
}

function canRead(files: FileReader, path: string): boolean {
  try {
    files.read(path)
    return true
  } catch {
    return false
  }
}
