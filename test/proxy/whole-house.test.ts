import { once } from 'node:events'
import { createServer, get, type IncomingMessage, type Server } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { WebSocket, WebSocketServer } from 'ws'
import { type Coatcheck, createCoatcheck } from '../../src/composition.ts'
import { type Browser, createWorld, type World } from '../../src/testing/world.ts'
import { signUp } from '../support/house.ts'
import { freePort } from '../support/ports.ts'
import { freshPrefix, redisUrl } from '../support/services.ts'

describe('a member’s open connections, through two instances on one Redis', () => {
  let world: World
  let upstream: Server
  let otherPort: number
  const instances: { coatcheck: Coatcheck; server: Server }[] = []

  beforeAll(async () => {
    world = await createWorld({ providers: ['kakao'] })
    upstream = createServer((_req, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' })
      res.write('data: hello\n\n')
    })
    const sockets = new WebSocketServer({ server: upstream })
    sockets.on('connection', (socket, req) => {
      socket.send(JSON.stringify({ authorization: req.headers.authorization, cookie: req.headers.cookie }))
      socket.on('message', (message) => socket.send(`echo ${message}`))
    })
    const upstreamPort = await freePort()
    await new Promise<void>((resolve) => upstream.listen(upstreamPort, '127.0.0.1', resolve))
    const env = {
      ...world.env,
      API_URL: `http://127.0.0.1:${upstreamPort}`,
      REDIS_URL: redisUrl(),
      REDIS_PREFIX: freshPrefix(),
    }
    otherPort = await freePort()
    for (const port of [Number(world.env['PORT']), otherPort]) {
      const coatcheck = await createCoatcheck({ env, now: world.now })
      const server = createServer(coatcheck.app).on('upgrade', coatcheck.upgrade)
      await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
      instances.push({ coatcheck, server })
    }
  })
  afterAll(async () => {
    for (const { coatcheck, server } of instances) {
      await coatcheck.close()
      server.closeAllConnections()
      server.close()
    }
    upstream.closeAllConnections()
    upstream.close()
    await world.close()
  })

  function ticketOf(browser: Browser): string {
    return browser.cookies('session').map(({ name, value }) => `${name}=${value}`)[0] as string
  }

  const publicHost = () => new URL(world.env['PUBLIC_URL'] as string).host

  function open(cookie: string | undefined, origin = world.env['PUBLIC_URL'] as string): WebSocket {
    return new WebSocket(`ws://127.0.0.1:${otherPort}/api/room`, {
      headers: { origin, host: publicHost(), ...(cookie && { cookie }) },
    })
  }

  it('get the token and not the ticket, and end with 4401 when the member signs out on another instance', async () => {
    const browser = world.browser()
    await signUp(browser)
    const socket = open(ticketOf(browser))
    const [hello] = (await once(socket, 'message')) as [Buffer]
    expect(JSON.parse(hello.toString())).toEqual({ authorization: expect.stringMatching(/^Bearer eyJ/) })
    socket.send('hi')
    const [echo] = (await once(socket, 'message')) as [Buffer]
    expect(echo.toString()).toBe('echo hi')

    const closed = once(socket, 'close') as Promise<[number]>
    const startedAt = performance.now()
    await browser.fetch('/auth/logout', { method: 'POST' })
    const [code] = await closed
    expect(code).toBe(4401)
    expect(performance.now() - startedAt).toBeLessThan(1000)
  })

  it('as event streams are cut within a second', async () => {
    const browser = world.browser()
    await signUp(browser)
    const asked = get(`http://127.0.0.1:${otherPort}/api/stream`, {
      headers: { host: publicHost(), cookie: ticketOf(browser), 'sec-fetch-site': 'same-origin' },
    })
    const [response] = (await once(asked, 'response')) as [IncomingMessage]
    const [first] = (await once(response, 'data')) as [Buffer]
    expect(first.toString()).toBe('data: hello\n\n')
    const cut = once(response, 'error') as Promise<[NodeJS.ErrnoException]>
    const startedAt = performance.now()
    await browser.fetch('/auth/logout', { method: 'POST' })
    expect((await cut)[0].code).toBe('ECONNRESET')
    expect(performance.now() - startedAt).toBeLessThan(1000)
  })

  it.each<[string, () => Promise<WebSocket>, number]>([
    ['without a ticket', async () => open(undefined), 401],
    [
      'from another origin',
      async () => {
        const browser = world.browser()
        await signUp(browser)
        return open(ticketOf(browser), 'https://evil.example')
      },
      403,
    ],
  ])('are refused %s', async (_what, connect, status) => {
    const socket = await connect()
    const [, answer] = (await once(socket, 'unexpected-response')) as [unknown, { statusCode: number }]
    expect(answer.statusCode).toBe(status)
    socket.on('error', () => {})
    socket.terminate()
  })
})
