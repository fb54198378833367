import { mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from '@jest/globals'
import request from 'supertest'
import { type BuildFolder, buildFolder, spaApp } from './spa-app.ts'

const page = '<!doctype html><title>app</title>'
const script = `console.log(${JSON.stringify('x'.repeat(500))})`
const large = Buffer.alloc(200_000, 'abcdefghij')

let folder: BuildFolder
afterEach(() => folder[Symbol.dispose]())

function serve() {
  folder = buildFolder({
    'index.html': page,
    'assets/index-BxZ9a_3k.js': script,
    'assets/index-BxZ9a_3k.js.br': brotliCompressSync(script),
    'assets/index-BxZ9a_3k.js.gz': gzipSync(script),
    'assets/film.mp4': large,
    'robots.txt': 'User-agent: *',
    'docs/index.html': '<title>docs</title>',
    LICENSE: 'free',
  })
  return spaApp({ dir: folder.dir })
}

const navigation = { Accept: 'text/html,application/xhtml+xml,*/*;q=0.8', 'Sec-Fetch-Mode': 'navigate' }

describe('a built SPA', () => {
  it('is served with its types', async () => {
    const { app } = serve()
    await request(app).get('/').expect(200, page).expect('Content-Type', 'text/html; charset=utf-8')
    await request(app).get('/index.html').expect(200, page)
    await request(app).get('/robots.txt').expect(200, 'User-agent: *')
    const js = await request(app).get('/assets/index-BxZ9a_3k.js').expect(200)
    expect(js.get('Content-Type')).toMatch(/^text\/javascript/)
    await request(app).get('/LICENSE').expect(200).expect('Content-Type', 'application/octet-stream')
  })

  it('serves the index of a folder', async () => {
    await request(serve().app).get('/docs/').expect(200, '<title>docs</title>')
  })

  it('answers HEAD as GET, without a body', async () => {
    const res = await request(serve().app).head('/').expect(200)
    expect(res.get('Content-Length')).toBe(String(page.length))
  })

  it('leaves other methods to whoever is next', async () => {
    const { app } = serve()
    for (const method of ['post', 'put', 'delete', 'patch'] as const)
      await request(app)
        [method]('/')
        .expect(404)
        .expect('Content-Type', /problem\+json/)
  })

  it('answers a missing build with not-found, and warns', async () => {
    folder = buildFolder()
    const { app, warnings } = spaApp({ dir: `${folder.dir}/nowhere` })
    await request(app).get('/').set(navigation).expect(404)
    expect(warnings).toEqual(['spa.index-missing'])
  })

  it('passes everything on where there is no SPA', async () => {
    folder = buildFolder()
    await request(spaApp().app).get('/').set(navigation).expect(404)
  })
})

describe('history fallback', () => {
  it('answers a navigation to an address of the app with index.html', async () => {
    const { app } = serve()
    for (const path of ['/login', '/users/john.doe', '/a/b/c?d=e', '/%ED%99%88', '/docs'])
      await request(app).get(path).set(navigation).expect(200, page).expect('Cache-Control', 'no-cache')
    for (const headers of [{ Accept: 'text/html' }, { Accept: '*/*' }, {}])
      await request(app).get('/login').set(headers).expect(200, page)
  })

  it('answers addresses that could be no file, too', async () => {
    const { app } = serve()
    for (const path of [
      '/docs/C%23',
      '/go/https%3A%2F%2Fexample.com%2Fa.html',
      '/a//b',
      '/.github/x',
      '/100%25',
    ])
      await request(app).get(path).set(navigation).expect(200, page)
  })

  it('is not for scripts, pictures and API calls', async () => {
    const { app } = serve()
    const others = [
      { Accept: 'application/json' },
      { Accept: '*/*', 'Sec-Fetch-Mode': 'no-cors', 'Sec-Fetch-Dest': 'script' },
      { Accept: 'text/html', 'Sec-Fetch-Mode': 'cors' },
      { Accept: 'image/avif,image/webp' },
    ]
    for (const headers of others) await request(app).get('/login').set(headers).expect(404)
  })

  it('is not for a missing asset, even when a person opens it', async () => {
    const { app } = serve()
    for (const path of ['/assets/index-0ldBu1ld.js', '/missing.png', '/data.json', '/old.html'])
      await request(app).get(path).set(navigation).expect(404)
  })
})

describe('caching', () => {
  it('keeps names with a hash for a year, and asks again for every other', async () => {
    const { app } = serve()
    await request(app)
      .get('/assets/index-BxZ9a_3k.js')
      .expect('Cache-Control', 'public, max-age=31536000, immutable')
    await request(app).get('/').expect('Cache-Control', 'no-cache')
    await request(app).get('/robots.txt').expect('Cache-Control', 'no-cache')
  })

  it('answers 304 while the content is the same', async () => {
    const { app } = serve()
    for (const path of ['/', '/assets/film.mp4']) {
      const first = await request(app).get(path).expect(200)
      const etag = first.get('ETag') as string
      expect(etag).toMatch(/^"[\w-]{22}"$/)
      await request(app).get(path).set('If-None-Match', etag).expect(304)
      await request(app).get(path).set('If-None-Match', '"other"').expect(200)
    }
  })

  it('sends what the build compressed to whoever understands it', async () => {
    const { app } = serve()
    const path = '/assets/index-BxZ9a_3k.js'
    const tags = new Set<string | undefined>()
    for (const [accepted, sent] of [
      ['gzip, deflate, br', 'br'],
      ['gzip', 'gzip'],
      ['br;q=0, gzip', 'gzip'],
      ['identity', undefined],
    ] as const) {
      const res = await request(app).get(path).set('Accept-Encoding', accepted).expect(200)
      expect(res.get('Content-Encoding')).toBe(sent)
      expect(res.get('Vary')).toBe('Accept-Encoding')
      expect(res.get('Content-Type')).toMatch(/^text\/javascript/)
      if (sent !== 'br') expect(res.text).toBe(script)
      tags.add(res.get('ETag'))
    }
    expect(tags.size).toBe(3)
    await request(app).get(`${path}.br`).expect(404)
  })
})

describe('ranges', () => {
  it('answers a part of a file', async () => {
    const { app } = serve()
    const film = await request(app).get('/assets/film.mp4').set('Range', 'bytes=10-19').expect(206)
    expect(film.get('Content-Range')).toBe('bytes 10-19/200000')
    expect(film.body.toString()).toBe('abcdefghij')
    const last = await request(app).get('/robots.txt').set('Range', 'bytes=-1').expect(206)
    expect(last.text).toBe('*')
  })

  it('refuses a part that is not there, and keeps no header of the file', async () => {
    const res = await request(serve().app).get('/robots.txt').set('Range', 'bytes=500-').expect(416)
    expect(res.get('Content-Range')).toBe('bytes */13')
    expect(res.get('ETag')).toBeUndefined()
  })

  it('sends the whole file when it has changed meanwhile', async () => {
    const { app } = serve()
    await request(app).get('/robots.txt').set({ Range: 'bytes=0-3', 'If-Range': '"old"' }).expect(200)
  })
})

describe('a new build', () => {
  it('is picked up within a second, without a restart', async () => {
    const { app, advance } = serve()
    await request(app).get('/').expect(200, page)
    folder.write('index.html', '<title>new</title>')
    folder.write('assets/index-nEw1nEw2.js', 'new')
    rmSync(`${folder.dir}/robots.txt`)
    await request(app).get('/').expect(200, page)
    advance(1000)
    await request(app).get('/').expect(200, '<title>new</title>')
    await request(app).get('/assets/index-nEw1nEw2.js').expect(200, 'new')
    await request(app).get('/robots.txt').expect(404)
  })

  it('is picked up where a link is turned to it', async () => {
    folder = buildFolder({ 'release-1/index.html': 'one', 'release-2/index.html': 'two' })
    symlinkSync('release-1', `${folder.dir}/current`)
    const { app, advance } = spaApp({ dir: `${folder.dir}/current` })
    await request(app).get('/').expect(200, 'one')
    symlinkSync('release-2', `${folder.dir}/next`)
    renameSync(`${folder.dir}/next`, `${folder.dir}/current`)
    advance(1000)
    await request(app).get('/').expect(200, 'one')
    rmSync(`${folder.dir}/release-1`, { recursive: true })
    advance(1000)
    await request(app).get('/').expect(200, 'two')
  })

  it('is picked up where only a compressed file changed', async () => {
    folder = buildFolder({ 'index.html': 'page', 'index.html.gz': gzipSync('old') })
    const { app, advance } = spaApp({ dir: folder.dir })
    await request(app).get('/').expect(200, 'old')
    folder.write('index.html.gz', gzipSync('page'))
    advance(1000)
    await request(app).get('/').expect(200, 'page')
  })

  it('is served after the folder was missing', async () => {
    folder = buildFolder()
    const { app, advance } = spaApp({ dir: `${folder.dir}/later` })
    await request(app).get('/').expect(404)
    mkdirSync(`${folder.dir}/later`)
    folder.write('later/index.html', page)
    advance(1000)
    await request(app).get('/').expect(200, page)
  })

  it('is noticed by many requests at once, and none of them misses a file', async () => {
    const { app } = serve()
    const answers = await Promise.all(Array.from({ length: 20 }, () => request(app).get('/')))
    expect(answers.map((res) => res.status)).toEqual(Array(20).fill(200))
  })
})

describe('memory', () => {
  it('holds small files only, and 32 MB in all', async () => {
    const names = Array.from({ length: 600 }, (_, at) => `assets/${at}.bin`)
    folder = buildFolder(Object.fromEntries(names.map((name) => [name, Buffer.alloc(64 * 1024, name)])))
    const { createSpaBuild } = await import('../../src/spa/spa-build.ts')
    const build = createSpaBuild(folder.dir, () => 0)
    const contents = []
    for (const name of names) contents.push(await (await build.find(`/${name}`))?.file.read())
    expect(contents.filter((content) => content?.bytes).length).toBe(512)
    expect(contents.filter((content) => content?.etag).length).toBe(600)
  })
})
