import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import express, { type Express } from 'express'
import { Problem, sendProblem } from '../../src/http/problem.ts'
import { createSpa, type Spa, type SpaOptions } from '../../src/spa/create-spa.ts'

/** A folder of its own for a test, gone after it. */
export interface BuildFolder extends Disposable {
  readonly dir: string
  write(path: string, content: string | Buffer): void
}

export function buildFolder(files: Readonly<Record<string, string | Buffer>> = {}): BuildFolder {
  // A sibling called like the folder, so that a comparison of prefixes alone would let it through.
  const parent = mkdtempSync(join(tmpdir(), 'coatcheck-spa-'))
  const dir = join(parent, 'dist')
  function write(path: string, content: string | Buffer) {
    const file = join(dir, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, content)
  }
  mkdirSync(dir)
  for (const [path, content] of Object.entries(files)) write(path, content)
  return { dir, write, [Symbol.dispose]: () => rmSync(parent, { recursive: true, force: true }) }
}

export interface SpaApp {
  readonly app: Express
  readonly spa: Spa
  readonly warnings: string[]
  /** Moves the clock. */
  advance(ms: number): void
}

/** The SPA room in a bare Express app that answers problems as coatcheck does. */
export function spaApp(options: Partial<SpaOptions> = {}): SpaApp {
  let time = 1_000_000
  const warnings: string[] = []
  const quiet = () => {}
  const spa = createSpa({
    dir: undefined,
    devUrl: undefined,
    secure: true,
    contentSecurityPolicy: undefined,
    formOrigins: () => [],
    isOwnCookie: () => false,
    now: () => time,
    log: { debug: quiet, info: quiet, error: quiet, warn: (event) => warnings.push(event) },
    ...options,
  })
  const app = express()
  app.use(spa.headers, spa.handle, () => {
    throw new Problem('not-found')
  })
  app.use((error: unknown, _req: express.Request, res: express.Response, _next: express.NextFunction) => {
    sendProblem(res, error instanceof Problem ? error : new Problem('internal-error'), 'test')
  })
  return {
    app,
    spa,
    warnings,
    advance(ms) {
      time += ms
    },
  }
}
