import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Coatcheck, createCoatcheck } from '../../src/composition.ts'
import { createWorld, type World } from '../../src/testing/world.ts'
import { startChromium } from '../browser/chromium.ts'
import { binary } from '../support/binaries.ts'
import { freePort } from '../support/ports.ts'

/*
 * A page of the app opens uploaded files, in frames and objects and as a window's own document. Each tries to run a script, which
 * calls the API and says of which origin it is.
 */

const script = (id: string) => `fetch('/api/ran?case=${encodeURIComponent(id)}&origin='+self.origin)`

type Write = (id: string) => string

const html: Write = (id) => `<!doctype html><script>${script(id)}</script><body onload="${script(id)}">x`
const xhtml: Write = (id) =>
  `<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><script>${script(id)}</script></html>`
const svg: Write = (id) =>
  `<svg xmlns="http://www.w3.org/2000/svg" onload="${script(id)}"><script>${script(id)}</script></svg>`
const sheet: Write = (id) =>
  `<?xml version="1.0"?><xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:h="http://www.w3.org/1999/xhtml"><h:script>${script(id)}</h:script><xsl:template match="/"><html><script>${script(id)}</script></html></xsl:template></xsl:stylesheet>`
const styled: Write = (id) =>
  `<?xml version="1.0"?><?xml-stylesheet type="text/xsl" href="/api/sheet?case=${encodeURIComponent(id)}"?><a/>`
const parts: Write = (id) =>
  `--x\r\nContent-Type: text/html\r\n\r\n${html(id)}\r\n--x\r\nContent-Type: text/html\r\n\r\n${html(id)}\r\n--x--\r\n`
const archive: Write = (id) =>
  `MIME-Version: 1.0\r\nContent-Type: multipart/related; type="text/html"; boundary="x"\r\n\r\n${parts(id)}`
const pdf: Write = (id) =>
  `%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R/OpenAction<</S/JavaScript/JS(${script(id).replace(/[()]/g, '\\$&')})>>>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj\ntrailer<</Root 1 0 R>>`

/** A type as it is sent (several: as several headers; none: no header), and what the file holds. */
const files: readonly (readonly [type: string | readonly string[] | undefined, body: Write])[] = [
  ['text/html', html],
  ['TEXT/HTML; charset=utf-8', html],
  ['text/html;', html],
  ['text/html;charset=utf-8;x="', html],
  [' text/html', html],
  ['text/html\t', html],
  [undefined, html],
  ['', html],
  ['*/*', html],
  ['unknown/unknown', html],
  ['application/unknown', html],
  ['x', html],
  ['/', html],
  ['text', html],
  ['text/', html],
  ['text/html, application/json', html],
  ['application/json, text/html', html],
  ['application/json,text/html', html],
  [['application/json', 'text/html'], html],
  [['text/html', 'application/json'], html],
  [['image/png', 'text/html'], html],
  ['application/json;, text/html', html],
  ['text/plain,text/html;', html],
  ['text/plain', html],
  ['text/plain; charset=utf-7', html],
  ['text/plain; charset=ISO-8859-1', html],
  ['application/json', html],
  ['application/problem+json', html],
  ['application/javascript', html],
  ['text/javascript', html],
  ['text/css', html],
  ['image/png', html],
  ['image/x-icon', html],
  ['video/mp4', html],
  ['audio/mpeg', html],
  ['font/woff2', html],
  ['application/zip', html],
  ['application/octet-stream', html],
  ['text/event-stream', html],
  ['text/vnd.wap.wml', html],
  ['application/hta', html],
  ['text/cache-manifest', html],
  ['text/x-server-parsed-html', html],
  ['text/vtt', html],
  ['application/xhtml+xml', xhtml],
  ['application/xhtml+xml; charset=utf-8', xhtml],
  ['application/vnd.wap.xhtml+xml', xhtml],
  ['text/xml', xhtml],
  ['application/xml', xhtml],
  ['application/rdf+xml', xhtml],
  ['application/rss+xml', xhtml],
  ['application/atom+xml', xhtml],
  ['application/mathml+xml', xhtml],
  ['application/x+xml', xhtml],
  ['image/foo+xml', xhtml],
  ['video/foo+xml', xhtml],
  ['model/x3d+xml', xhtml],
  ['application/json+xml', xhtml],
  ['image/svg+xml', svg],
  ['IMAGE/SVG+XML;charset=utf-8', svg],
  ['image/svg', svg],
  ['image/svg-xml', svg],
  ['application/svg+xml', svg],
  ['text/xsl', sheet],
  ['text/xsl', xhtml],
  ['application/xslt+xml', sheet],
  ['text/xml', styled],
  ['application/xml', styled],
  ['text/xsl', styled],
  ['application/xslt+xml', styled],
  ['multipart/x-mixed-replace; boundary=x', parts],
  ['multipart/x-mixed-replace;boundary="x"', parts],
  ['multipart/mixed; boundary=x', parts],
  ['multipart/related; type="text/html"; boundary=x', parts],
  ['message/rfc822', archive],
  ['application/x-mimearchive', archive],
  ['application/pdf', pdf],
]

/** What the API says beside the type. */
const manners: readonly (readonly [name: string, headers: Readonly<Record<string, string>>])[] = [
  ['silent', {}],
  [
    'own policy',
    {
      'Content-Security-Policy': "default-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline'",
      'X-Content-Type-Options': 'none',
    },
  ],
]

const cases = files.flatMap(([type, body], file) =>
  manners.map(([manner, headers]) => ({ id: `${file} ${String(type)} ${manner}`, type, body, headers })),
)

/** What ran: case and the origin that its script had. */
const ran: { readonly id: string; readonly origin: string }[] = []
let finished: (() => void) | undefined

const api: RequestListener = (req, res) => {
  const { pathname, searchParams } = new URL(req.url ?? '/', 'http://api')
  const id = searchParams.get('case') ?? ''
  if (pathname === '/api/ran') ran.push({ id, origin: searchParams.get('origin') ?? '' })
  if (pathname === '/api/done') finished?.()
  if (pathname === '/api/sheet') {
    res.setHeader('Content-Type', 'text/xsl')
    res.end(sheet(id))
    return
  }
  if (pathname === '/trusted/file') {
    res.setHeader('Content-Type', 'text/html')
    res.end(html('control'))
    return
  }
  const found = cases[Number(searchParams.get('number') ?? -1)]
  if (!found) {
    res.setHeader('Content-Type', 'application/json')
    res.end('{}')
    return
  }
  const type = [found.type ?? []].flat()
  const own = Object.entries(found.headers).flat()
  const types = type.flatMap((one) => ['Content-Type', one])
  // Raw: what Node would not write otherwise goes out as it is.
  res.writeHead(200, [...types, ...own])
  res.end(found.body(`${found.id} ${searchParams.get('how')}`))
}

/** In the app's page: opens everything in turn, then says so. */
const opener = `
  const count = ${cases.length}
  const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
  async function embed(tag, address, how) {
    const element = document.createElement(tag)
    const over = new Promise((resolve) => { element.onload = element.onerror = resolve })
    element[tag === 'object' ? 'data' : 'src'] = address + how
    document.body.append(element)
    await Promise.race([over, wait(1500)])
    await wait(60)
    element.remove()
  }
  async function all() {
    await embed('iframe', '/trusted/file?how=', 'iframe')
    const all = (number) => ['iframe', 'object', 'embed'].map((tag) => {
      return embed(tag, '/api/file?number=' + number + '&how=', tag)
    })
    for (let first = 0; first < count; first += 8) {
      const some = Array.from({ length: Math.min(8, count - first) }, (_, at) => first + at)
      await Promise.all(some.flatMap(all))
    }
    await fetch('/api/done')
  }
  if (location.pathname === '/open') all()
`

const folder = mkdtempSync(join(tmpdir(), 'coatcheck-active-'))
let world: World
let upstream: Server
let coatcheck: Coatcheck
let server: Server
let url: string

beforeAll(async () => {
  world = await createWorld({ providers: ['kakao'] })
  url = world.env['PUBLIC_URL'] as string
  const pages = join(folder, 'pages')
  mkdirSync(pages)
  writeFileSync(
    join(pages, 'index.html'),
    '<!doctype html><title>app</title><body><script src="/app.js"></script>',
  )
  writeFileSync(join(pages, 'app.js'), opener)
  upstream = createServer(api)
  const upstreamPort = await freePort()
  await new Promise<void>((resolve) => upstream.listen(upstreamPort, '127.0.0.1', resolve))
  const target = `http://127.0.0.1:${upstreamPort}`
  const routes = [
    { path: '/api', target, auth: 'none' },
    { path: '/trusted', target, auth: 'none', sandbox: false },
  ]
  coatcheck = await createCoatcheck({
    env: {
      ...world.env,
      API_ROUTES: JSON.stringify(routes),
      SPA_DIR: pages,
      CONTENT_SECURITY_POLICY: "object-src 'self'; frame-src 'self'",
      RATE_LIMIT: 'off',
    },
    now: world.now,
  })
  server = createServer(coatcheck.app)
  await new Promise<void>((resolve) => server.listen(Number(world.env['PORT']), '127.0.0.1', resolve))
})
afterAll(async () => {
  for (const one of [server, upstream]) {
    one?.closeAllConnections()
    one?.close()
  }
  await coatcheck?.close()
  await world?.close()
  rmSync(folder, { recursive: true, force: true })
})

/** Runs a browser until its page has opened everything; what ran as the app. */
async function opened(open: () => Promise<void>): Promise<{ control: boolean; asApp: string[] }> {
  ran.length = 0
  const done = new Promise<void>((resolve) => {
    finished = resolve
  })
  await open()
  await done
  await sleep(500)
  const asApp = ran.filter(({ origin }) => origin === url)
  return {
    control: asApp.some(({ id }) => id === 'control'),
    asApp: asApp.filter(({ id }) => id !== 'control').map(({ id }) => id),
  }
}

it('has 200 cases at least, of each browser', () => {
  expect(cases.length * 3).toBeGreaterThan(200)
})

describe('uploaded files, opened by a page of the app', () => {
  it('run as the app in no window, frame or object of Chromium', async () => {
    const chromium = await startChromium()
    try {
      const page = await chromium.newPage()
      const framed = await opened(async () => void (await page.goto(`${url}/open`)))
      expect(framed).toEqual({ control: true, asApp: [] })

      // As a window's own document: each in a tab that the person opened.
      ran.length = 0
      const left = [...cases.keys()]
      async function openTabs(): Promise<void> {
        for (let number = left.pop(); number !== undefined; number = left.pop()) {
          const tab = await chromium.newPage()
          await tab
            .goto(`${url}/api/file?number=${number}&how=window`, { timeout: 5000, waitUntil: 'load' })
            .catch(() => undefined)
          await tab.close()
        }
      }
      await Promise.all([openTabs(), openTabs(), openTabs(), openTabs()])
      expect(ran).toEqual([])
    } finally {
      await chromium.close()
    }
  })

  it('run as the app in no frame or object of Firefox', async () => {
    const profile = join(folder, 'firefox')
    mkdirSync(profile)
    const quiet = [
      'app.update.enabled',
      'datareporting.policy.dataSubmissionEnabled',
      'toolkit.telemetry.enabled',
    ]
    writeFileSync(
      join(profile, 'user.js'),
      [...quiet, 'browser.shell.checkDefaultBrowser', 'network.captive-portal-service.enabled']
        .map((name) => `user_pref('${name}', false);`)
        .join('\n'),
    )
    let firefox: ChildProcess | undefined
    try {
      const framed = await opened(async () => {
        const args = ['--headless', '--no-remote', '--profile', profile, `${url}/open`]
        firefox = spawn(binary('firefox-esr', 'firefox-esr'), args, {
          stdio: 'ignore',
          env: { ...process.env, HOME: folder },
        })
      })
      expect(framed).toEqual({ control: true, asApp: [] })
    } finally {
      if (firefox && firefox.exitCode === null) {
        const ended = once(firefox, 'close')
        firefox.kill('SIGKILL')
        await ended
      }
    }
  })
})
