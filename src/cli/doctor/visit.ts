import { get as httpGet, type IncomingMessage } from 'node:http'
import { get as httpsGet } from 'node:https'

const patienceMs = 5_000

/** A navigation, redirects not followed. `fetch` would say of itself that it is none. */
export function navigate(url: string): Promise<IncomingMessage> {
  return visit(url, { accept: 'text/html' })
}

/** A WebSocket's handshake (RFC 6455 §4.1). Resolves with whatever is answered, a 101 too. */
export function askForWebSocket(url: string, origin: string): Promise<IncomingMessage> {
  return visit(url, {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': Buffer.alloc(16, 'doctor').toString('base64'),
    origin,
  })
}

function visit(url: string, headers: Readonly<Record<string, string>>): Promise<IncomingMessage> {
  const get = url.startsWith('https:') ? httpsGet : httpGet
  return new Promise((resolve, reject) => {
    const answered = (res: IncomingMessage) => {
      res.resume().once('error', () => {})
      resolve(res)
    }
    get(url, { agent: false, headers: { ...headers }, signal: AbortSignal.timeout(patienceMs) }, answered)
      .once('upgrade', (res, socket) => {
        socket.destroy()
        resolve(res)
      })
      .once('error', reject)
  })
}
