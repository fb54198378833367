import { type IncomingHttpHeaders, request } from 'node:http'

/** One request on the wire and what came back, body read. */
export interface Exchange {
  readonly url: URL
  readonly method: string
  readonly requestHeaders: Readonly<Record<string, string>>
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface Outgoing {
  readonly url: URL
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | undefined
}

/** By node:http, because `fetch` chooses headers of its own. `localhost` is 127.0.0.1, where everything here listens. */
export function exchange({ url, method, headers, body }: Outgoing): Promise<Exchange> {
  const host = url.hostname === 'localhost' ? '127.0.0.1' : url.hostname
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host,
        port: url.port,
        path: url.pathname + url.search,
        method,
        // A connection of its own: servers of tests come and go.
        agent: false,
        headers: {
          host: url.host,
          ...headers,
          ...(body !== undefined && { 'content-length': String(Buffer.byteLength(body)) }),
        },
      },
      (res) => {
        let text = ''
        res.setEncoding('utf8')
        res.on('data', (chunk: string) => {
          text += chunk
        })
        res.on('error', reject)
        res.on('end', () =>
          resolve({
            url,
            method,
            requestHeaders: headers,
            status: res.statusCode ?? 0,
            headers: res.headers,
            body: text,
          }),
        )
      },
    )
    sent.on('error', reject)
    sent.end(body)
  })
}
