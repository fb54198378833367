import { EventEmitter, once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import { afterEach, describe, expect, it } from '@jest/globals'
import { WebSocket, WebSocketServer } from 'ws'
import { type Coatcheck, createCoatcheck } from '../../src/composition.ts'
import { type Browser, createWorld, type World } from '../../src/testing/world.ts'
import { signUp } from '../support/house.ts'
import { freePort } from '../support/ports.ts'
import { freshPrefix, redisUrl } from '../support/services.ts'

const [older, newer] = ['older', 'newer'].map((age) => `the ${age} secret of at least 32 characters`) as [
  string,
  string,
]

const closing: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function listen(server: Server): Promise<number> {
  const port = await freePort()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  closing.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return port
}

/** Tells of a call to `/api/held`, and how to answer it. */
const held = new EventEmitter()

/** What the API says to caches: `/api/public` may be kept by all of them. */
const api: RequestListener = (req, res) => {
  if (req.url === '/api/public') res.setHeader('Cache-Control', 'public, max-age=60')
  if (req.url === '/api/private') res.setHeader('Cache-Control', 'max-age=60')
  if (req.url === '/api/broken') {
    req.socket.destroy()
    return
  }
  res.setHeader('Content-Type', 'application/json')
  if (req.url === '/api/held') held.emit('asked', () => res.end('{}'))
  else res.end('{}')
}

interface Operated {
  readonly world: World
  readonly browser: Browser
  /** Restarts coatcheck with these secrets. */
  roll(secrets: readonly string[]): Promise<Coatcheck>
}

/** A member signed in under the older secret. */
async function operate(): Promise<Operated> {
  const world = await createWorld({ providers: ['kakao'] })
  closing.push(() => world.close())
  const upstream = createServer(api)
  new WebSocketServer({ server: upstream }).on('connection', (socket) => socket.send('hello'))
  const env = {
    ...world.env,
    API_ROUTES: JSON.stringify([
      { path: '/api', target: `http://127.0.0.1:${await listen(upstream)}` },
      { path: '/free', target: `http://127.0.0.1:${await listen(createServer(api))}`, auth: 'none' },
    ]),
    REDIS_URL: redisUrl(),
    REDIS_PREFIX: freshPrefix(),
  }
  let browser: Browser | undefined
  async function roll(secrets: readonly string[]) {
    const coatcheck = await createCoatcheck({
      env: { ...env, SESSION_SECRET: secrets.join() },
      now: world.now,
    })
    closing.push(() => coatcheck.close())
    // The world serves the one that was given last, under the same address.
    const served = world.browser(coatcheck.app)
    browser ??= served
    return coatcheck
  }
  await roll([older])
  await signUp(browser as unknown as Browser)
  return { world, browser: browser as unknown as Browser, roll }
}

const ticketOf = (browser: Browser) => browser.cookies('session')[0]?.value

describe('a member who calls nothing but the API while SESSION_SECRET changes', () => {
  it('stays signed in: each answer that is for one user only brings the cookie under the new secret', async () => {
    const { browser, roll } = await operate()
    const before = ticketOf(browser)
    await roll([older, newer])
    await browser.fetch('/api/private')
    expect(ticketOf(browser)).toBe(before)
    await roll([newer, older])
    await browser.fetch('/api/private')
    const after = ticketOf(browser)
    expect(after).not.toBe(before)
    await browser.fetch('/api/private')
    expect(ticketOf(browser)).toBe(after)
    await roll([newer])
    // The record moves beside the answer.
    while ((await browser.fetch('/api/x')).status !== 200) await setTimeout(20)
  })

  it.each([
    ['an answer that has no word for caches', '/api/x', true],
    ['a problem of ours', '/api/broken', true],
    ['an answer that a shared cache may keep', '/api/public', false],
    ['an answer of a route without sessions', '/free/x', false],
  ])('with %s (%s) the cookie comes: %p', async (_what, path, comes) => {
    const { browser, roll } = await operate()
    await roll([newer, older])
    const { headers } = await browser.fetch(path)
    expect(headers['set-cookie'] ?? []).toHaveLength(comes ? 1 : 0)
  })

  it('gets no cookie for a session that has ended', async () => {
    const { browser, roll } = await operate()
    const cookie = `session=${ticketOf(browser)}`
    await browser.fetch('/auth/logout', { method: 'POST' })
    await roll([newer, older])
    const { status, headers } = await browser.fetch('/api/x', { headers: { cookie } })
    expect(status).toBe(401)
    expect(headers['set-cookie']).toBeUndefined()
  })

  it('gets no cookie with the answer to a call during which the session ends', async () => {
    const { browser, roll } = await operate()
    const cookie = `session=${ticketOf(browser)}`
    await roll([newer, older])
    const asked = once(held, 'asked')
    const answer = browser.fetch('/api/held', { headers: { cookie } })
    const [finish] = (await asked) as [() => void]
    await browser.fetch('/auth/logout', { method: 'POST' })
    finish()
    const { status, headers } = await answer
    expect(status).toBe(200)
    expect(headers['set-cookie']).toBeUndefined()
  })

  it('gets it with the handshake of a WebSocket', async () => {
    const { browser, roll, world } = await operate()
    const coatcheck = await roll([newer, older])
    const server = createServer(coatcheck.app).on('upgrade', coatcheck.upgrade)
    const origin = world.env['PUBLIC_URL'] as string
    const socket = new WebSocket(`ws://127.0.0.1:${await listen(server)}/api/room`, {
      headers: { origin, host: new URL(origin).host, cookie: `session=${ticketOf(browser)}` },
    })
    const opened = once(socket, 'open')
    const [answer] = (await once(socket, 'upgrade')) as [{ headers: Record<string, string[]> }]
    await opened
    const closed = once(socket, 'close')
    socket.close()
    await closed
    expect(answer.headers['set-cookie']).toEqual([expect.stringMatching(/^session=s:/)])
  })
})
