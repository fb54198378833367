import { afterEach, describe, expect, it } from '@jest/globals'
import request from 'supertest'
import { type BuildFolder, buildFolder, spaApp } from './spa-app.ts'

let folder: BuildFolder
afterEach(() => folder[Symbol.dispose]())

function serve(options: Parameters<typeof spaApp>[0] = {}, page = '<title>app</title>') {
  folder = buildFolder({ 'index.html': page })
  return spaApp({ dir: folder.dir, ...options }).app
}

function directivesOf(res: request.Response): ReadonlyMap<string, string> {
  const policy = res.get('Content-Security-Policy') ?? ''
  return new Map(
    policy.split(';').map((directive) => {
      const [name = '', ...sources] = directive.split(' ')
      return [name, sources.join(' ')]
    }),
  )
}

describe('the headers of a page', () => {
  it('let it load and run nothing but its own', async () => {
    const res = await request(serve()).get('/').expect(200)
    expect(Object.fromEntries(directivesOf(res))).toEqual({
      'default-src': "'self'",
      'script-src': "'self'",
      'script-src-attr': "'none'",
      'style-src': "'self'",
      'img-src': "'self' data:",
      'object-src': "'none'",
      'base-uri': "'none'",
      'frame-ancestors': "'none'",
      'form-action': "'self'",
      'upgrade-insecure-requests': '',
    })
  })

  it('keep other sites out', async () => {
    await request(serve())
      .get('/')
      .expect('X-Content-Type-Options', 'nosniff')
      .expect('X-Frame-Options', 'DENY')
      .expect('Cross-Origin-Opener-Policy', 'same-origin')
      .expect('Cross-Origin-Resource-Policy', 'same-origin')
      .expect('Referrer-Policy', 'same-origin')
      .expect('Permissions-Policy', /usb=\(\)/)
  })

  it('are there on problems too', async () => {
    const res = await request(serve()).get('/missing.js').expect(404)
    expect(directivesOf(res).get('default-src')).toBe("'self'")
  })

  it('bind the browser to https for a year where it came over https', async () => {
    const res = await request(serve()).get('/')
    expect(res.get('Strict-Transport-Security')).toBe('max-age=31536000; includeSubDomains')
  })

  it('say nothing of https on http://localhost', async () => {
    const res = await request(serve({ secure: false })).get('/')
    expect(res.get('Strict-Transport-Security')).toBeUndefined()
    expect(directivesOf(res).has('upgrade-insecure-requests')).toBe(false)
  })
})

describe('form-action', () => {
  it('allows the providers known when the page is sent', async () => {
    const origins = ['https://kauth.kakao.com']
    const app = serve({ formOrigins: () => origins })
    expect(directivesOf(await request(app).get('/')).get('form-action')).toBe(
      "'self' https://kauth.kakao.com",
    )
    origins.push('https://id.example')
    expect(directivesOf(await request(app).get('/')).get('form-action')).toBe(
      "'self' https://kauth.kakao.com https://id.example",
    )
  })
})

describe("the operator's directives", () => {
  it('replace the default of their name and leave the others', async () => {
    const contentSecurityPolicy = new Map([
      ['img-src', ["'self'", 'https:']],
      ['connect-src', ["'self'", 'https://api.example']],
    ])
    const directives = directivesOf(await request(serve({ contentSecurityPolicy })).get('/'))
    expect(directives.get('img-src')).toBe("'self' https:")
    expect(directives.get('connect-src')).toBe("'self' https://api.example")
    expect(directives.get('object-src')).toBe("'none'")
  })

  it('stop the start when no browser would understand them', () => {
    folder = buildFolder()
    for (const [name, sources] of [
      ['img_src', ["'self'"]],
      ['img-src', ['self']],
      ['img-src', ['a;script-src *']],
    ] as const)
      expect(() => spaApp({ contentSecurityPolicy: new Map([[name, sources]]) })).toThrow(
        /Content-Security-Policy/,
      )
  })
})

describe('a page that asks for a nonce', () => {
  const page = '<script nonce="{{nonce}}">1</script><style nonce="{{nonce}}"></style>'

  it('gets a new one for each response, in its policy too, and is never kept', async () => {
    const app = serve({}, page)
    const seen = new Set<string>()
    for (const path of ['/', '/login', '/index.html']) {
      const res = await request(app)
        .get(path)
        .set('Accept', 'text/html')
        .expect(200)
        .expect('Cache-Control', 'no-store')
      const nonce = /^<script nonce="([\w-]{22})">1<\/script><style nonce="\1"><\/style>$/.exec(
        res.text,
      )?.[1] as string
      expect(directivesOf(res).get('script-src')).toBe(`'self' 'nonce-${nonce}'`)
      expect(directivesOf(res).get('style-src')).toBe(`'self' 'nonce-${nonce}'`)
      seen.add(nonce)
    }
    expect(seen.size).toBe(3)
  })

  it('leaves the other pages without one', async () => {
    const app = serve({}, page)
    folder.write('plain.html', 'plain')
    await request(app).get('/')
    const res = await request(app).get('/plain.html').expect(200, 'plain')
    expect(directivesOf(res).get('script-src')).toBe("'self'")
  })

  it("joins the operator's sources, but does not switch off what they allow", async () => {
    const contentSecurityPolicy = new Map([
      ['script-src', ["'self'", 'https://cdn.example']],
      ['style-src', ["'self'", "'unsafe-inline'"]],
    ])
    const directives = directivesOf(await request(serve({ contentSecurityPolicy }, page)).get('/'))
    expect(directives.get('script-src')).toMatch(/^'self' https:\/\/cdn\.example 'nonce-[\w-]{22}'$/)
    expect(directives.get('style-src')).toBe("'self' 'unsafe-inline'")
  })
})
