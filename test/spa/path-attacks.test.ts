import { symlinkSync, writeFileSync } from 'node:fs'
import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type BuildFolder, buildFolder, spaApp } from './spa-app.ts'

const secret = 'SECRET'

let folder: BuildFolder
let server: Server

beforeAll(async () => {
  folder = buildFolder({
    'index.html': 'the page',
    'app.js': 'the script',
    '.env': secret,
    '.git/config': secret,
    '.well-known/hidden.txt': secret,
    'assets/.htpasswd': secret,
    'app.js.map': secret,
    'app.js.map.gz': secret,
    'APP.JS.MAP': secret,
    '..2026_12_01/env.json': '{}',
  })
  const outside = dirname(folder.dir)
  writeFileSync(join(outside, 'secret.txt'), secret)
  writeFileSync(`${folder.dir}-other`, secret)
  symlinkSync('../secret.txt', join(folder.dir, 'link.txt'))
  symlinkSync('..', join(folder.dir, 'up'))
  symlinkSync('.env', join(folder.dir, 'env.txt'))
  symlinkSync('app.js.map', join(folder.dir, 'map.txt'))
  symlinkSync('/etc/passwd', join(folder.dir, 'passwd.txt'))
  symlinkSync('nowhere', join(folder.dir, 'broken.txt'))
  // As Kubernetes mounts a ConfigMap.
  symlinkSync('..2026_12_01', join(folder.dir, '..data'))
  symlinkSync('..data/env.json', join(folder.dir, 'env.json'))
  server = createServer(spaApp({ dir: folder.dir }).app).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
})

afterAll(() => {
  server.close()
  folder[Symbol.dispose]()
})

/** The request target byte for byte: an HTTP client would tidy it first. */
function get(path: string, mode = 'cors'): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const { port } = server.address() as AddressInfo
    const headers = { Accept: 'text/html', Connection: 'close', 'Sec-Fetch-Mode': mode }
    request({ host: '127.0.0.1', port, path, headers, insecureHTTPParser: false }, (res) => {
      let body = ''
      res.on('data', (chunk: Buffer) => {
        body += chunk
      })
      res.on('end', () => resolve({ status: res.statusCode ?? 0, body }))
    })
      .on('error', reject)
      .end()
  })
}

const outside = [
  '/../secret.txt',
  '/../../../../etc/passwd',
  '/assets/../../secret.txt',
  '/./../secret.txt',
  '/..',
  '/../',
  '/../dist-other',
  '/%2e%2e/secret.txt',
  '/%2E%2E/secret.txt',
  '/.%2e/secret.txt',
  '/%2e./secret.txt',
  '/..%2fsecret.txt',
  '/..%2Fsecret.txt',
  '/%2e%2e%2fsecret.txt',
  '/%2e%2e%2f%2e%2e%2fetc%2fpasswd',
  '/assets/..%2f..%2fsecret.txt',
  '/%252e%252e/secret.txt',
  '/%252e%252e%252fsecret.txt',
  '/..%252fsecret.txt',
  '/%25252e%25252e%25252fsecret.txt',
  '/..\\secret.txt',
  '/..%5csecret.txt',
  '/..%5Csecret.txt',
  '/%2e%2e%5csecret.txt',
  '/..%255csecret.txt',
  '/assets\\..\\..\\secret.txt',
  '/....//secret.txt',
  '/..../secret.txt',
  '/..;/secret.txt',
  '/assets/..;/..;/secret.txt',
  '//etc/passwd',
  '///etc/passwd',
  '//../secret.txt',
  '/%2fetc%2fpasswd',
  '/%2f%2fetc/passwd',
  '/C:%5CWindows%5Cwin.ini',
  '/file:///etc/passwd',
  '/%c0%ae%c0%ae/secret.txt',
  '/%c0%af..%c0%afsecret.txt',
  '/%e0%80%ae%e0%80%ae/secret.txt',
  '/%u002e%u002e/secret.txt',
  '/app.js%00.html',
  '/../secret.txt%00.js',
  '/%00',
  '/app.js%0a',
  '/%',
  '/%zz',
  '/%e0%a4%a',
  'http://evil.example/../secret.txt',
]

const hidden = [
  '/.env',
  '/%2eenv',
  '/%2Eenv',
  '/.git/config',
  '/.git%2fconfig',
  '/assets/.htpasswd',
  '/assets/%2ehtpasswd',
  '/.well-known/hidden.txt',
  '/app.js.map',
  '/app.js%2emap',
  '/app.js.map.gz',
  '/APP.JS.MAP',
  '/link.txt',
  '/up/secret.txt',
  '/up/dist/.env',
  '/passwd.txt',
  '/broken.txt',
]

describe('a path', () => {
  it.each(outside)('that tries to leave the folder finds nothing: %s', async (path) => {
    const { status, body } = await get(path)
    expect(body).not.toMatch(/SECRET|root:|the script/)
    expect(status).toBe(404)
    // To a client that opens a page it is an address of the app, if anything.
    const opened = await get(path, 'navigate')
    expect(opened.status === 200 ? opened.body : 'the page').toBe('the page')
  })

  it.each(hidden)('to what is not to be seen finds nothing: %s', async (path) => {
    const { status, body } = await get(path)
    expect(body).not.toMatch(/SECRET|root:/)
    expect(status).toBe(404)
    const opened = await get(path, 'navigate')
    expect(opened.status === 200 ? opened.body : 'the page').toBe('the page')
  })

  it('that is honest is served', async () => {
    await expect(get('/app.js')).resolves.toEqual({ status: 200, body: 'the script' })
    await expect(get('/app%2Ejs?v=1')).resolves.toEqual({ status: 200, body: 'the script' })
    // An address of the app, for all we know.
    for (const path of ['/up/', '/C:/Windows/win.ini', '/login'])
      await expect(get(path, 'navigate')).resolves.toEqual({ status: 200, body: 'the page' })
  })

  it('that is a link counts by its own name, as long as it ends inside the folder', async () => {
    await expect(get('/env.txt')).resolves.toEqual({ status: 200, body: secret })
    await expect(get('/env.json')).resolves.toEqual({ status: 200, body: '{}' })
    await expect(get('/..2026_12_01/env.json')).resolves.toMatchObject({ status: 404 })
    await expect(get('/..data/env.json')).resolves.toMatchObject({ status: 404 })
  })
})
