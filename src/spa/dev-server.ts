import { Agent, type IncomingMessage, type RequestOptions, request, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { RequestHandler } from 'express'
import { originRelative } from '../http/answer-addresses.ts'
import { Problem } from '../http/problem.ts'

export interface DevServerOptions {
  /** `http://localhost:5173` */
  readonly url: string
  readonly isOwnCookie: (name: string) => boolean
}

export interface DevServer {
  readonly handle: RequestHandler
  /** Vite's socket for hot module replacement. */
  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void
  close(): void
}

/** Passes everything to a development server (Vite) on this machine, so that the browser sees one origin while developing, too. */
export function createDevServer({ url, isOwnCookie }: DevServerOptions): DevServer {
  const { hostname, port, host } = new URL(url)
  const addresses = { upstream: new URL(url), basePath: '', prefix: undefined }
  const agent = new Agent({ keepAlive: true })

  function outgoing(req: IncomingMessage): RequestOptions {
    const { cookie, connection: _, ...headers } = req.headers
    const others = cookie && withoutOwn(cookie)
    return {
      hostname: hostname.replace(/^\[|\]$/g, ''),
      port: port || 80,
      method: req.method ?? 'GET',
      path: req.url ?? '/',
      headers: { ...headers, host, ...(others && { cookie: others }) },
    }
  }

  function withoutOwn(cookie: string): string {
    const pairs = cookie.split(';').map((pair) => pair.trim())
    return pairs.filter((pair) => !isOwnCookie(pair.split('=', 1)[0] as string)).join('; ')
  }

  function handle(req: IncomingMessage, res: ServerResponse, next: (error: unknown) => void): void {
    const sent = request({ ...outgoing(req), agent }, (answer) => {
      res.statusCode = answer.statusCode ?? 502
      for (const [name, value] of Object.entries(answer.headers))
        if (value !== undefined && !isConnectionHeader(name))
          res.setHeader(name, isAddress(name) ? originRelative(String(value), addresses) : value)
      answer.on('error', () => res.destroy()).pipe(res)
    })
    sent.on('error', (cause) => {
      if (res.headersSent || res.destroyed) res.destroy()
      else next(new Problem('upstream-unreachable', { cause }))
    })
    res.on('close', () => sent.destroy())
    req.pipe(sent)
  }

  function upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void {
    const options = outgoing(req)
    const sent = request({ ...options, headers: { ...options.headers, connection: 'Upgrade' } })
    socket.on('error', () => sent.destroy())
    sent.on('error', () => socket.destroy())
    sent.on('response', () => socket.end('HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\n\r\n'))
    sent.on('upgrade', (answer, upstream, upstreamHead) => {
      const lines = answer.rawHeaders.flatMap((name, at) =>
        at % 2 === 0 ? [`${name}: ${answer.rawHeaders[at + 1]}`] : [],
      )
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`)
      socket.write(upstreamHead)
      upstream.write(head)
      upstream.on('error', () => socket.destroy()).on('close', () => socket.destroy())
      socket.on('close', () => upstream.destroy())
      socket.pipe(upstream).pipe(socket)
    })
    sent.end()
  }

  return { handle, upgrade, close: () => agent.destroy() }
}

/** Where the server is to the browser: it cannot be reached under its own name behind ours (RFC 9110 §10.2.2, §8.7). */
function isAddress(name: string): boolean {
  return name === 'location' || name === 'content-location'
}

/** RFC 9110 §7.6.1; node frames our answer itself. */
function isConnectionHeader(name: string): boolean {
  return ['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'set-cookie'].includes(name)
}
