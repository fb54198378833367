import { extname } from 'node:path'
import type { Request, RequestHandler, Response } from 'express'
import { randomToken } from '../crypto/random.ts'
import type { BuildFile } from './build-file.ts'
import type { PagePolicy } from './page-policy.ts'
import type { RecentAnswers } from './recent-answers.ts'
import { hasHashedName, looksLikeAsset, servablePath } from './servable-path.ts'
import type { BuildAnswer, Encoding, SpaBuild } from './spa-build.ts'

/** What index.html writes where it wants the response's nonce: `<script nonce="{{nonce}}">`. */
const noncePlace = '{{nonce}}'
const nonceBytes = 16
const fileHeaders = ['Content-Type', 'Content-Encoding', 'ETag', 'Cache-Control', 'Vary']

interface Found extends BuildAnswer {
  /** It was asked for by its own address. */
  readonly direct: boolean
}

/** Answers with a file of the build, or with index.html where a person opens one of the app's own addresses; else passes on. */
export function createBuildServer(
  build: SpaBuild,
  policy: PagePolicy,
  recent: RecentAnswers,
): RequestHandler {
  return async function serveBuild(req, res, next) {
    if (req.method !== 'GET' && req.method !== 'HEAD') return next()
    const path = servablePath(req.url)
    const file =
      path === undefined ? undefined : await build.find(path.endsWith('/') ? `${path}index.html` : path)
    const found = file ?? (opensPage(req, path) ? await build.find('/index.html') : undefined)
    // The page at another address than its own depends on who asks.
    if (!found || !(await answer({ ...found, direct: file !== undefined }, req, res))) next()
  }

  /** False: the file went away meanwhile. */
  async function answer(found: Found, req: Request, res: Response): Promise<boolean> {
    const page = found.file.path.endsWith('.html') ? (await found.file.read())?.bytes : undefined
    if (page?.includes(noncePlace)) {
      sendWithNonce(page.toString(), res)
      return true
    }
    const encoding = negotiate(found, req)
    const file = encoding ? (found.variants.get(encoding) as BuildFile) : found.file
    const content = await file.read()
    if (!content) return false
    res.type(extname(found.file.path) || 'bin')
    if (found.variants.size > 0) res.vary('Accept-Encoding')
    if (encoding) res.setHeader('Content-Encoding', encoding)
    res.setHeader('ETag', content.etag)
    res.setHeader('Cache-Control', cacheControl(found.file.path))
    if (!content.bytes || req.headers.range !== undefined) return sendFromDisk(file, res)
    if (found.direct) recent.remember(req, res, content.bytes)
    res.send(content.bytes)
    return true
  }

  function sendWithNonce(page: string, res: Response): void {
    const nonce = randomToken(nonceBytes)
    policy.apply(res, nonce)
    res.setHeader('Cache-Control', 'no-store')
    res.type('html').send(page.replaceAll(noncePlace, nonce))
  }
}

/**
 * History fallback (the app routes in the browser): for a client that opens a page, never for a script, a picture or an API call.
 * `path` undefined: it could be no file, which an app's own address may well not be (`/docs/C%23`).
 */
function opensPage(req: Request, path: string | undefined): boolean {
  if (path !== undefined && looksLikeAsset(path)) return false
  const { 'sec-fetch-mode': mode, accept } = req.headers
  if (mode !== undefined) return mode === 'navigate'
  return accept === undefined || /\*\/\*|text\/html/.test(accept)
}

/** The smallest that the client takes, whatever order it names them in. */
function negotiate({ variants }: BuildAnswer, req: Request): Encoding | undefined {
  return (['br', 'gzip'] as const).find(
    (encoding) => variants.has(encoding) && req.acceptsEncodings(encoding),
  )
}

/** A name with a hash in it never means anything else; every other name is asked for again, and answered with 304 if it stayed. */
function cacheControl(path: string): string {
  return hasHashedName(path) ? 'public, max-age=31536000, immutable' : 'no-cache'
}

/**
 * Large files and ranges (RFC 9110 §14), with the headers that were set before.
 * Resolves when the answer is out or given up; false: the file went away meanwhile.
 */
function sendFromDisk({ file }: BuildFile, res: Response): Promise<boolean> {
  return new Promise((resolve) => {
    // Hidden names were refused by the walk; the folder that SPA_DIR lies in may well have one.
    res.sendFile(file, { cacheControl: false, lastModified: false, dotfiles: 'allow' }, (error) => {
      if (!error || res.headersSent || res.destroyed) return resolve(true)
      for (const name of fileHeaders) res.removeHeader(name)
      const { status, headers } = error as { status?: number; headers?: Readonly<Record<string, string>> }
      const refused = status === 412 || status === 416
      if (refused)
        res
          .status(status)
          .set(headers ?? {})
          .end()
      resolve(refused)
    })
  })
}
