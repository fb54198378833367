import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import express from 'express'
import { askAt } from '../support/ask.ts'
import { type House, openHouse } from '../support/house.ts'

describe('a file that is asked for again within a second', () => {
  const dir = mkdtempSync(join(tmpdir(), 'coatcheck-spa-'))
  let house: House
  beforeAll(async () => {
    writeFileSync(join(dir, 'index.html'), '<!doctype html><title>app</title>')
    writeFileSync(join(dir, 'nonce.html'), '<script nonce="{{nonce}}"></script>')
    writeFileSync(join(dir, 'index-BxZ9a_3k.js'), 'console.log(1)')
    writeFileSync(join(dir, 'index-BxZ9a_3k.js.gz'), 'gzipped')
    house = await openHouse({ env: { SPA_DIR: dir } })
  })
  afterAll(async () => {
    await house.close()
    rmSync(dir, { recursive: true })
  })

  const get = (path: string, headers: Record<string, string> = {}) =>
    askAt(house.env['PUBLIC_URL'], house.coatcheck.app)
      .get(path)
      .set({ 'Accept-Encoding': 'identity', ...headers })
  const withoutIds = ({ 'x-request-id': _id, date: _date, ...rest }: Record<string, string>) => rest

  it('has the same answer, under a request id of its own', async () => {
    const [first, second] = [
      await get('/index-BxZ9a_3k.js'),
      await get('/index-BxZ9a_3k.js').set('X-Request-Id', 'second'),
    ]
    expect(second.status).toBe(200)
    expect(second.text).toBe('console.log(1)')
    expect(withoutIds(second.headers)).toEqual(withoutIds(first.headers))
    expect(second.headers['content-security-policy']).toContain("default-src 'self'")
    expect([first.headers['x-request-id'] === 'second', second.headers['x-request-id']]).toEqual([
      false,
      'second',
    ])
  })

  it('is 304 to whoever has it, a part to whoever wants one, and no body to HEAD', async () => {
    const { headers } = await get('/index-BxZ9a_3k.js')
    expect((await get('/index-BxZ9a_3k.js', { 'If-None-Match': headers['etag'] as string })).status).toBe(304)
    const part = await get('/index-BxZ9a_3k.js', { Range: 'bytes=0-6' })
    expect([part.status, part.text]).toEqual([206, 'console'])
    const head = await askAt(house.env['PUBLIC_URL'], house.coatcheck.app).head('/index-BxZ9a_3k.js')
    expect([head.status, head.text]).toEqual([200, undefined])
  })

  it('is compressed for whoever takes that, and only for them', async () => {
    await get('/index-BxZ9a_3k.js')
    const { headers } = await askAt(house.env['PUBLIC_URL'], house.coatcheck.app)
      .head('/index-BxZ9a_3k.js')
      .set('Accept-Encoding', 'gzip')
    expect(headers['content-encoding']).toBe('gzip')
    expect((await get('/index-BxZ9a_3k.js')).headers['content-encoding']).toBeUndefined()
  })

  it('is the page for a navigation and a 404 for a script, whichever came first', async () => {
    const Host = new URL(house.env['PUBLIC_URL'] as string).host
    expect((await get('/route', { Accept: 'text/html', Host })).status).toBe(200)
    expect((await get('/route', { Accept: 'application/json' })).status).toBe(404)
  })

  it('has a nonce of its own each time', async () => {
    expect((await get('/nonce.html')).text).not.toBe((await get('/nonce.html')).text)
  })

  it('never carries what an application that mounts us has set for another caller', async () => {
    const app = express()
    app.use((req, res, next) => {
      res.setHeader('Set-Cookie', `who=${req.get('X-Who')}`)
      next()
    })
    app.use(house.coatcheck.app)
    const as = (who: string) =>
      askAt(house.env['PUBLIC_URL'], app)
        .get('/index-BxZ9a_3k.js')
        .set({ 'Accept-Encoding': 'mounted', 'X-Who': who })
    await as('first')
    expect((await as('second')).headers['set-cookie']).toEqual(['who=second'])
    expect(
      (await get('/index-BxZ9a_3k.js', { 'Accept-Encoding': 'mounted' })).headers['set-cookie'],
    ).toBeUndefined()
  })

  it('is never an answer of /auth', async () => {
    await get('/auth/session')
    expect((await get('/auth/session')).headers['content-type']).toMatch(/json/)
  })

  it('is the new one once the build has changed', async () => {
    expect((await get('/')).text).toContain('app')
    writeFileSync(join(dir, 'index.html'), '<!doctype html><title>new</title>')
    house.world.advance(1001)
    expect((await get('/')).text).toContain('new')
  })
})
