import { createServer, type IncomingMessage, type Server } from 'node:http'
import supertest from 'supertest'
import { WebSocketServer } from 'ws'
import { compose, type House } from '../../src/composition.ts'
import { examine } from '../../src/examination.ts'
import { type Browser, createWorld, type World } from '../../src/testing/world.ts'
import { freePort } from '../support/ports.ts'

/** A whole house on a port of its own, with an API behind it and an ops listener to read. */
export interface ObservedHouse {
  readonly world: World
  readonly house: House
  readonly env: Readonly<Record<string, string>>
  /** What the API was asked. */
  readonly asked: readonly IncomingMessage[]
  browser(): Browser
  /** What `/metrics` says now. */
  scrape(): Promise<Figures>
  close(): Promise<void>
}

/** A scrape's values: `name{label="value"}` as the text format has it, in the order of the labels there. */
export interface Figures {
  readonly text: string
  /** 0 for a series that is not there. */
  of(series: string): number
}

export interface ObservedHouseOptions {
  readonly providers?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Where spans go: OTEL_* variables. */
  readonly traceTo?: Readonly<Record<string, string>>
}

export async function openObservedHouse({
  providers = ['kakao'],
  env = {},
  traceTo = {},
}: ObservedHouseOptions = {}): Promise<ObservedHouse> {
  const world = await createWorld({ providers })
  const api = await startStreamingApi()
  const all = { ...world.env, API_URL: api.url, RATE_LIMIT: 'off', OPS_PORT: '9464', ...env }
  const examined = await examine(all)
  if ('problems' in examined) throw new Error(examined.problems.join('\n'))
  const house = await compose(examined, { clock: world.now, traceTo })
  const server = createServer(house.app).on('upgrade', house.upgrade)
  await new Promise<void>((resolve) => server.listen(Number(world.env['PORT']), '127.0.0.1', resolve))
  return {
    world,
    house,
    env: all,
    asked: api.asked,
    browser: () => world.browser(),
    scrape: async () => figuresIn((await supertest(house.ops).get('/metrics').expect(200)).text),
    async close() {
      await house.close()
      for (const one of [server, api.server]) {
        one.closeAllConnections()
        one.close()
      }
      await world.close()
    },
  }
}

export function figuresIn(text: string): Figures {
  const lines = new Map<string, number>()
  for (const line of text.split('\n')) {
    const found = /^([^#\s][^\s]*(?:\{.*\})?) (\S+)$/.exec(line)
    if (found) lines.set(found[1] as string, Number(found[2]))
  }
  return { text, of: (series) => lines.get(series) ?? 0 }
}

/** Answers JSON; `/api/slow` after 200 ms and for as long again, `/api/picky` refuses its first caller's token, `/api/stream` is an event stream that lasts, and every upgrade a WebSocket. */
async function startStreamingApi(): Promise<{ url: string; asked: IncomingMessage[]; server: Server }> {
  const asked: IncomingMessage[] = []
  let refused = false
  const server = createServer((req, res) => {
    asked.push(req)
    if (req.url === '/api/picky' && !refused) {
      refused = true
      res.statusCode = 401
    }
    if (req.url === '/api/slow') {
      setTimeout(() => res.write('{"from":'), 200)
      setTimeout(() => res.end('"api"}'), 400)
      return
    }
    const stream = req.url === '/api/stream'
    res.setHeader('Content-Type', stream ? 'text/event-stream' : 'application/json')
    if (stream) res.write('data: hello\n\n')
    else res.end('{"from":"api"}')
  })
  new WebSocketServer({ server }).on('connection', (_socket, req) => asked.push(req))
  const port = await freePort()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${port}`, asked, server }
}

/** The Cookie header that carries the browser's ticket. */
export function ticketOf(browser: Browser): string {
  return browser.cookies('session').map(({ name, value }) => `${name}=${value}`)[0] as string
}
