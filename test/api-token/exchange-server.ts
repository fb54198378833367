import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

export interface ExchangeRequest {
  readonly authorization: string | undefined
  readonly form: Readonly<Record<string, string>>
}

type Answer = (request: ExchangeRequest, res: ServerResponse) => void

/** A token exchange endpoint that keeps what it was asked and answers as a test says. */
export async function startExchangeServer() {
  const requests: ExchangeRequest[] = []
  let answer: Answer = (_request, res) => json(res, 200, issued(requests.length))
  const server = createServer(async (req: IncomingMessage, res) => {
    const form = Object.fromEntries(new URLSearchParams(await text(req)))
    const request = { authorization: req.headers.authorization, form }
    requests.push(request)
    answer(request, res)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`,
    requests,
    answerWith: (next: Answer) => {
      answer = next
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** RFC 8693 §2.2.1. */
export function issued(number: number, changes: Readonly<Record<string, unknown>> = {}) {
  return {
    access_token: `exchanged-${number}`,
    issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    token_type: 'Bearer',
    expires_in: 600,
    ...changes,
  }
}

export function json(res: ServerResponse, status: number, body: unknown): void {
  res.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
}
