import type { IncomingMessage, ServerResponse } from 'node:http'
import { afterEach, describe, expect, it } from '@jest/globals'
import { createWorld, type World } from '../../src/testing/world.ts'

let world: World
afterEach(() => world.close())

/** An app that sets a cookie of each kind and tells what a request brought. */
function app(req: IncomingMessage, res: ServerResponse) {
  const url = new URL(req.url ?? '/', 'http://app.invalid')
  if (url.pathname === '/login') {
    const kakao = world.provider('kakao')
    const query = new URLSearchParams({
      client_id: kakao.clientId,
      redirect_uri: `${world.env['PUBLIC_URL']}/auth/callback/kakao`,
      response_type: 'code',
      state: 's',
    })
    res.setHeader('set-cookie', [
      'strict=1; Path=/; HttpOnly; SameSite=Strict; Max-Age=60',
      'lax=1; Path=/; HttpOnly; SameSite=Lax; Max-Age=600',
    ])
    return res.writeHead(302, { location: `${kakao.origin}/oauth/authorize?${query}` }).end()
  }
  if (url.pathname.startsWith('/auth/callback/'))
    return res
      .writeHead(303, { location: `/landing?${url.searchParams.get('error') ?? 'ok'}`, 'x-seen': seen(req) })
      .end()
  return res.end(seen(req))
}

function seen({ method, headers }: IncomingMessage): string {
  const { cookie, origin } = headers
  return JSON.stringify({
    method,
    cookie,
    origin,
    site: headers['sec-fetch-site'],
    mode: headers['sec-fetch-mode'],
  })
}

describe('the world’s browser', () => {
  it('comes back from a click at a provider as Chromium does: cross-site, without Strict cookies, to the landing page too', async () => {
    world = await createWorld({ providers: ['kakao'] })
    const browser = world.browser(app)
    const page = await browser.goto('/login')
    expect(page.url.href).toBe(`${world.env['PUBLIC_URL']}/landing?ok`)
    const callback = page.hops.at(-2)
    expect(JSON.parse(String(callback?.headers['x-seen']))).toMatchObject({
      site: 'cross-site',
      cookie: 'lax=1',
    })
    expect(page.json()).toMatchObject({ site: 'cross-site', cookie: 'lax=1' })
    // A reload asks as from the provider again; the page's own requests are same-origin.
    expect((await browser.reload()).json()).toMatchObject({ site: 'cross-site', cookie: 'lax=1' })
    expect((await browser.fetch('/x')).json()).toMatchObject({
      site: 'same-origin',
      cookie: 'strict=1; lax=1',
    })
  })

  it('comes back from a provider that answers at once with Strict cookies', async () => {
    world = await createWorld({ providers: ['kakao'] })
    world.provider('kakao').as('newcomer', { atOnce: true })
    const browser = world.browser(app)
    await browser.goto('/')
    const page = await browser.goto('/login')
    expect(page.json()).toMatchObject({ site: 'cross-site', cookie: 'strict=1; lax=1' })
  })

  it('types an address, follows a link, and comes from elsewhere', async () => {
    world = await createWorld({ providers: ['kakao'] })
    const browser = world.browser(app)
    expect((await browser.goto('/a')).json()).toMatchObject({ site: 'none', mode: 'navigate' })
    expect((await browser.goto('/a')).json()).toMatchObject({ site: 'same-origin' })
    expect((await browser.goto('/a', { initiator: 'typed' })).json()).toMatchObject({ site: 'none' })
    expect((await browser.goto('/a', { initiator: 'elsewhere' })).json()).toMatchObject({
      site: 'cross-site',
    })
  })

  it('sends Origin with what changes something', async () => {
    world = await createWorld({ providers: ['kakao'] })
    const browser = world.browser(app)
    expect((await browser.fetch('/x', { method: 'POST', json: {} })).json()).toMatchObject({
      method: 'POST',
      origin: world.env['PUBLIC_URL'],
    })
  })

  it('drops cookies when the world’s time has come', async () => {
    world = await createWorld({ providers: ['kakao'] })
    const browser = world.browser(app)
    await browser.goto('/login')
    expect(browser.cookies('strict')).toMatchObject([{ httpOnly: true, sameSite: 'strict' }])
    world.advance(61_000)
    expect(browser.cookies()).toMatchObject([{ name: 'lax' }])
  })

  it('stops at the consent page when nobody is to press a button, and no brings it back', async () => {
    world = await createWorld({ providers: ['kakao'] })
    world.provider('kakao').as('deny')
    const browser = world.browser(app)
    const page = await browser.goto('/login', { click: false })
    expect(page.text).toContain('카카오 로그인')
    expect(page.text).toContain('Sign in with Kakao')
    expect((await browser.goto('/login')).url.search).toBe('?access_denied')
  })
})

describe('a world', () => {
  it('has an environment for coatcheck', async () => {
    world = await createWorld({ providers: ['kakao', 'naver', 'google', 'my-idp'] })
    expect(world.env).toMatchObject({
      PROVIDERS: 'kakao,naver,google,my-idp',
      PUBLIC_URL: `http://localhost:${world.env['PORT']}`,
      KAKAO_CLIENT_ID: 'kakao-client',
      KAKAO_TOKEN_ENDPOINT: `${world.provider('kakao').origin}/oauth/token`,
      MY_IDP_ISSUER: world.provider('my-idp').origin,
      LOG_LEVEL: 'silent',
    })
    expect(world.env).not.toHaveProperty('NAVER_ISSUER')
  })
})
