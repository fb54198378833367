import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from '@jest/globals'
import request from 'supertest'
import { WebSocket, WebSocketServer } from 'ws'
import { spaApp } from './spa-app.ts'

const open: Server[] = []
const sockets: WebSocket[] = []
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.terminate()
  for (const server of open.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

async function listen(server: Server): Promise<number> {
  open.push(server.listen(0, '127.0.0.1'))
  await new Promise((resolve) => server.once('listening', resolve))
  return (server.address() as AddressInfo).port
}

/** A stand-in for Vite: remembers what it was sent, and echoes on its socket. */
async function startDevServer() {
  const received: IncomingMessage[] = []
  const server = createServer((req, res) => {
    received.push(req)
    if (req.url === '/missing.js') res.statusCode = 404
    if (req.url === '/docs') res.setHeader('Location', `http://${req.headers.host}/docs/?a=1`)
    if (req.url === '/away') res.setHeader('Location', 'https://elsewhere.example/')
    res.setHeader('Set-Cookie', 'vite=1')
    res.setHeader('Content-Type', 'text/html')
    res.end(`dev ${req.url}`)
  })
  new WebSocketServer({ server, handleProtocols: () => 'vite-hmr' }).on('connection', (socket, req) => {
    sockets.push(socket)
    received.push(req)
    socket.on('message', (data) => socket.send(`echo ${data}`))
  })
  return { url: `http://127.0.0.1:${await listen(server)}`, received }
}

const isOwnCookie = (name: string) => name === 'session' || name.startsWith('login-')

describe('a development server', () => {
  it('gets every request of a page, under its own host', async () => {
    const vite = await startDevServer()
    const { app } = spaApp({ devUrl: vite.url, secure: false, isOwnCookie })
    await request(app).get('/src/main.tsx?t=1').expect(200, 'dev /src/main.tsx?t=1')
    await request(app).get('/missing.js').expect(404, 'dev /missing.js')
    expect(vite.received[0]?.headers.host).toBe(new URL(vite.url).host)
  })

  it('never sees our cookies, nor sets any', async () => {
    const vite = await startDevServer()
    const { app } = spaApp({ devUrl: vite.url, secure: false, isOwnCookie })
    const res = await request(app).get('/').set('Cookie', 'session=secret; theme=dark; login-1=sealed')
    expect(vite.received[0]?.headers.cookie).toBe('theme=dark')
    expect(res.get('Set-Cookie')).toBeUndefined()
    await request(app).get('/').set('Cookie', 'session=secret')
    expect(vite.received[1]?.headers.cookie).toBeUndefined()
  })

  it('sends nobody to its own address: its redirects stay on ours', async () => {
    const vite = await startDevServer()
    const { app } = spaApp({ devUrl: vite.url, secure: false, isOwnCookie })
    expect((await request(app).get('/docs')).get('Location')).toBe('/docs/?a=1')
    expect((await request(app).get('/away')).get('Location')).toBe('https://elsewhere.example/')
  })

  it('may use inline scripts and styles, and nothing more than a build may', async () => {
    const vite = await startDevServer()
    const { app } = spaApp({ devUrl: vite.url, secure: false, isOwnCookie })
    const policy = (await request(app).get('/')).get('Content-Security-Policy')
    expect(policy).toContain("script-src 'self' 'unsafe-inline';")
    expect(policy).toContain("style-src 'self' 'unsafe-inline';")
    expect(policy).toContain("default-src 'self';")
    expect(policy).not.toContain('unsafe-eval')
  })

  it('that is not running is told as a problem', async () => {
    const { app } = spaApp({ devUrl: 'http://127.0.0.1:1', secure: false, isOwnCookie })
    await request(app)
      .get('/')
      .expect(502)
      .expect('Content-Type', /problem\+json/)
  })

  it('keeps its socket, without our cookies', async () => {
    const vite = await startDevServer()
    const { app, spa } = spaApp({ devUrl: vite.url, secure: false, isOwnCookie })
    const server = createServer(app).on('upgrade', spa.upgrade)
    const port = await listen(server)
    const socket = new WebSocket(`ws://127.0.0.1:${port}/?token=t`, 'vite-hmr', {
      headers: { Cookie: 'session=secret; theme=dark' },
    })
    sockets.push(socket)
    const message = await new Promise((resolve, reject) => {
      socket.on('error', reject).on('open', () => socket.send('hello'))
      socket.on('message', (data) => resolve(data.toString()))
    })
    expect(message).toBe('echo hello')
    expect(vite.received[0]?.url).toBe('/?token=t')
    expect(vite.received[0]?.headers.cookie).toBe('theme=dark')
  })

  it('that is not there takes no socket', async () => {
    const { spa } = spaApp({ isOwnCookie })
    expect(spa.upgrade({} as never, {} as never, Buffer.alloc(0))).toBe(false)
  })
})
