import { createServer, type RequestListener, type Server } from 'node:http'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import type { Finding } from '../../src/cli/doctor/finding.ts'
import { type House, openHouse } from '../support/house.ts'
import { freePort } from '../support/ports.ts'
import { type Arrangements, setUpsOf } from './broken-set-ups.ts'
import { type Front, type Habits, listen, openFront } from './front.ts'
import { coatcheck } from './terminal.ts'

/*
 * doctor --url ──> whatever stands at PUBLIC_URL ──> coatcheck
 */

let house: House
let behind: Server
const target = freePort()
let front: Front | undefined
beforeAll(async () => {
  house = await openHouse()
  behind = createServer(house.coatcheck.app)
  behind.on('upgrade', house.coatcheck.upgrade)
  await listen(behind, await target)
})
afterEach(() => {
  front?.close()
  front = undefined
})
afterAll(async () => {
  behind.closeAllConnections()
  behind.close()
  await house.close()
})

const publicPort = () => Number(new URL(house.env['PUBLIC_URL'] ?? '').port)

/** Something else than coatcheck there. */
async function put(listener: RequestListener): Promise<void> {
  const server = createServer(listener)
  await listen(server, publicPort())
  front = { close: () => void server.close().closeAllConnections() }
}

async function putProxy(habits?: Habits): Promise<void> {
  front = await openFront(publicPort(), await target, { ...(habits && { habits }) })
}

/** What `doctor --url` says of the public URL. */
async function look(): Promise<readonly (Finding & { readonly words: string })[]> {
  const { json } = await coatcheck('doctor --url --json', house.env, house.world.now)
  return json<{ findings: readonly Finding[] }>()
    .findings.filter(({ area }) => area === 'public url')
    .map((one) => ({ ...one, words: `${one.area}: ${one.seen} → ${one.advice}` }))
}

const outside: Arrangements<'public url', () => Promise<void>> = {
  'nothing is there': async () => {},
  'another server is there': () => put((_, res) => res.end('hello')),
  'people end up under another address': () =>
    put((_, res) => res.writeHead(301, { location: 'https://www.example.com/' }).end()),
  'the proxy changes Host': () => putProxy({ host: 'coatcheck.internal' }),
  'the proxy changes cookies': () => putProxy({ cookie: (value) => value.replace(/; *HttpOnly/i, '') }),
  'the proxy drops cookies': () => putProxy({ cookie: () => undefined }),
  'the proxy drops WebSocket upgrades': () => putProxy({ dropsUpgrades: true }),
}

describe('coatcheck doctor --url', () => {
  it('finds a coatcheck that can be reached as it should', async () => {
    await putProxy()
    const found = await look()
    expect(found.map(({ level, seen }) => `${level}: ${seen}`)).toEqual([
      `ok: ${house.env['PUBLIC_URL']} leads to coatcheck`,
      'ok: cookies arrive with their attributes',
      'ok: WebSocket upgrades arrive',
    ])
  })

  it.each(setUpsOf('public url', outside))('names what is broken: %s', async (_, arrange, expected) => {
    await arrange()
    const found = (await look()).filter(({ level }) => level !== 'ok')
    expect(found.map(({ words }) => words)).toEqual([expect.stringMatching(expected)])
  })

  it('asks for no WebSockets where no route has any', async () => {
    await putProxy({ dropsUpgrades: true })
    const routes = [{ path: '/api', target: house.api.url, websocket: false }]
    const env = { ...house.env, API_URL: '', API_ROUTES: JSON.stringify(routes) }
    const { json } = await coatcheck('doctor --url --json', env, house.world.now)
    expect(JSON.stringify(json())).not.toContain('WebSocket')
  })

  it('blames no proxy for a login that did not begin', async () => {
    await putProxy({ cookie: () => undefined })
    // Kakao’s endpoints are presets: only one without metadata cannot begin.
    const env = { ...house.env, PROVIDERS: 'acme', ACME_CLIENT_ID: 'x', ACME_CLIENT_SECRET: 'x' }
    const { json } = await coatcheck(
      'doctor --url --json',
      { ...env, ACME_ISSUER: 'http://127.0.0.1:2' },
      house.world.now,
    )
    expect(json<{ findings: Finding[] }>().findings).toContainEqual(
      expect.objectContaining({ area: 'public url', level: 'warning', seen: 'a login answers 404' }),
    )
  })
})
