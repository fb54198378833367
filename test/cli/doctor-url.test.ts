import { createServer, type RequestListener, request, type Server } from 'node:http'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import type { Finding } from '../../src/cli/doctor/finding.ts'
import { type House, openHouse } from '../support/house.ts'
import { freePort } from '../support/ports.ts'
import { coatcheck } from './terminal.ts'

/*
 * doctor --url ──> whatever stands at PUBLIC_URL ──> coatcheck
 */

let house: House
let behind: { readonly server: Server; readonly port: number }
let front: Server | undefined
beforeAll(async () => {
  house = await openHouse()
  behind = await listen(house.coatcheck.app, await freePort())
})
afterEach(() => {
  front?.closeAllConnections()
  front?.close()
})
afterAll(async () => {
  behind.server.closeAllConnections()
  behind.server.close()
  await house.close()
})

function listen(listener: RequestListener, port: number) {
  const server = createServer(listener)
  return new Promise<typeof behind>((resolve) =>
    server.listen(port, '127.0.0.1', () => resolve({ server, port })),
  )
}

/** Something in front of coatcheck that changes what passes. */
function proxy({ host, cookie }: { host?: string; cookie?: (value: string) => string }): RequestListener {
  return (req, res) => {
    const { url, headers } = req
    const options = { port: behind.port, path: url, headers: { ...headers, ...(host && { host }) } }
    request({ host: '127.0.0.1', ...options }, (answer) => {
      const cookies = answer.headers['set-cookie']?.map(cookie ?? String)
      res.writeHead(answer.statusCode ?? 500, {
        ...answer.headers,
        ...(cookies && { 'set-cookie': cookies }),
      })
      answer.pipe(res)
    }).end()
  }
}

/** What `doctor --url` says of the public URL with `listener` there. */
async function look(listener?: RequestListener): Promise<readonly string[]> {
  const port = Number(new URL(house.env['PUBLIC_URL'] ?? '').port)
  if (listener) front = (await listen(listener, port)).server
  const { json } = await coatcheck('doctor --url --json', house.env, house.world.now)
  return json<{ findings: readonly Finding[] }>()
    .findings.filter(({ area }) => area === 'public url')
    .map(({ level, seen, advice }) => `${level}: ${seen} → ${advice}`)
}

describe('coatcheck doctor --url', () => {
  it('finds a coatcheck that can be reached as it should', async () => {
    const lines = await look(proxy({}))
    expect(lines.map((line) => line.split(':')[0])).toEqual(['ok', 'ok'])
  })

  it('finds that nothing is there', async () => {
    expect(await look()).toEqual([expect.stringMatching(/^failed: .*nothing listens/)])
  })

  it('finds another server there', async () => {
    expect(await look((_, res) => res.end('hello'))).toEqual([
      expect.stringMatching(/^failed: .*not as coatcheck does/),
    ])
  })

  it('finds a proxy that changes Host, which would redirect for ever', async () => {
    expect(await look(proxy({ host: 'coatcheck.internal' }))).toEqual([
      expect.stringMatching(/^failed: redirects to itself.*Host/),
    ])
  })

  it('finds a proxy that changes cookies', async () => {
    const cookie = (value: string) => value.replace(/; *HttpOnly/i, '')
    expect(await look(proxy({ cookie }))).toContainEqual(
      expect.stringMatching(/^failed: cookies arrive changed/),
    )
  })
})
