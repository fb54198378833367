import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'

/** What a proxy in front does to what passes; without a member it leaves that alone. */
export interface Habits {
  readonly host?: string
  readonly cookie?: (value: string) => string | undefined
  /** Headers of answers, small letters. */
  readonly drops?: readonly string[]
  readonly dropsUpgrades?: boolean
}

export interface Front {
  close(): void
}

/** A proxy on `port`, with TLS if it is given a certificate, before the server at `target` (a port). */
export async function openFront(
  port: number,
  target: number,
  { habits = {}, tls }: { readonly habits?: Habits; readonly tls?: { key: Buffer; cert: Buffer } } = {},
): Promise<Front> {
  const pass = (req: IncomingMessage, res: ServerResponse) => forward(req, res, { target, habits })
  const server = tls ? createTlsServer(tls, pass) : createServer(pass)
  if (!habits.dropsUpgrades) server.on('upgrade', (req, socket) => tunnel(req, socket, target))
  await listen(server, port)
  return {
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

export function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) =>
    server.once('error', reject).listen(port, '127.0.0.1', () => resolve()),
  )
}

function forward(
  { method, url, headers }: IncomingMessage,
  res: ServerResponse,
  { target, habits: { host, cookie, drops = [] } }: { target: number; habits: Habits },
): void {
  const { upgrade: _, connection: __, ...passed } = headers
  const options = { host: '127.0.0.1', port: target, method, path: url }
  request({ ...options, headers: { ...passed, ...(host && { host }) } }, (answer) => {
    const cookies = answer.headers['set-cookie']?.flatMap((one) => (cookie ? (cookie(one) ?? []) : one))
    const kept = Object.entries({ ...answer.headers, 'set-cookie': cookies }).filter(
      ([name, value]) => value !== undefined && !drops.includes(name),
    )
    res.writeHead(answer.statusCode ?? 500, Object.fromEntries(kept))
    answer.pipe(res)
  }).end()
}

function tunnel({ method, url, rawHeaders }: IncomingMessage, socket: Duplex, target: number): void {
  const lines = rawHeaders.flatMap((name, index) => (index % 2 ? [] : `${name}: ${rawHeaders[index + 1]}`))
  const upstream = connect(target, '127.0.0.1', () => {
    upstream.write(`${method} ${url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
    upstream.pipe(socket).pipe(upstream)
  })
  for (const one of [upstream, socket]) one.on('error', () => upstream.destroy())
}
