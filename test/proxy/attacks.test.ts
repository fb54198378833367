import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Attack, attacks, marked } from './attacks.ts'
import { route } from './fakes.ts'
import { type Front, openWire, startFront, type Wire } from './front.ts'
import { type Recorded, startUpstream, type Upstream } from './upstream.ts'

/** What came back for one attack, and what of it reached the upstream. */
interface Outcome {
  readonly text: string
  readonly reached: readonly Recorded[]
}

/** After every attack has its answer: long enough for what was hidden behind it. */
const settleMs = 300
const patienceMs = 10_000
let upstream: Upstream
let front: Front
const outcomes = new Map<Attack, Outcome>()

const idOf = (index: number) => `case${index}x`

beforeAll(async () => {
  upstream = await startUpstream()
  front = await startFront({ routes: [route({ target: upstream.url })] })
  const wires = await Promise.all(
    attacks.map(async ({ bytes }, index) => {
      const wire = await openWire(front.port)
      wire.write(marked(bytes, idOf(index)))
      return wire
    }),
  )
  const patience = performance.now() + patienceMs
  const isAnswered = ({ text, socket }: Wire) => text !== '' || socket.closed
  while (!wires.every(isAnswered) && performance.now() < patience) await pause(20)
  await pause(settleMs)
  for (const [index, attack] of attacks.entries()) {
    const wire = wires[index]
    const reached = upstream.requests.filter(({ url }) => url.includes(idOf(index)))
    outcomes.set(attack, { text: wire?.text ?? '', reached })
    wire?.socket.destroy()
  }
})

afterAll(async () => {
  await front[Symbol.asyncDispose]()
  await upstream[Symbol.asyncDispose]()
})

/** The header names that the gate means to send for these attacks. */
const meant =
  /^(?:host|connection|content-length|transfer-encoding|content-type|sec-fetch-site|origin|sec-websocket-(?:key|version)|x-forwarded-(?:proto|host|for)|x-request-id|authorization)$/

describe('an attacker', () => {
  it('has tried at least 150 ways', () => {
    expect(attacks.length).toBeGreaterThanOrEqual(150)
  })

  it.each(attacks.map((attack, index) => ({ ...attack, attack, index })))('$what', ({ attack, index }) => {
    const { text, reached } = outcomes.get(attack) as Outcome
    const first = /^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1]
    expect(attack.answers).toContain(first === undefined ? 'closed' : Number(first))

    const requests = reached.map(({ method, url, body }) => `${method} ${url} ${body}`.trim())
    expect(requests).toEqual(attack.reaches.map((one) => marked(one, idOf(index)).trim()))

    for (const { rawHeaders, headers } of reached) {
      const names = rawHeaders.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase())
      expect(names.filter((name) => !meant.test(name))).toEqual([])
      expect(new Set(names).size).toBe(names.length)
      expect(rawHeaders.join('\n')).not.toMatch(/spoofed|session=/)
      expect(headers.authorization).toBe('Bearer TOKEN')
      expect(headers['x-forwarded-for']).toBe('127.0.0.1')
      expect(headers['x-forwarded-host']).toBe('app.example')
      expect(headers.host).toBe(new URL(upstream.url).host)
    }
  })

  it('gets contract answers only: problems, what the upstream said, or what the parser says without a body', () => {
    for (const { text } of outcomes.values()) {
      for (const answer of text.split(/(?=HTTP\/1\.1 \d{3} )/).filter(Boolean)) {
        const [head = '', ...rest] = answer.split('\r\n\r\n')
        const body = rest.join('\r\n\r\n')
        const status = Number(head.slice(9, 12))
        if (status === 200) expect(body).toContain('{"hello":"world"}')
        else if (/problem\+json/.test(head)) expect(JSON.parse(body)).toMatchObject({ status })
        else if (status === 404) expect(body).toContain('not ours')
        else
          expect([[400, 408, 417, 431].includes(status), body.replace(/^0\r\n\r\n$/, '')]).toEqual([true, ''])
      }
    }
  })

  it('leaves the server in good health', async () => {
    const response = await fetch(`${front.url}/api/after`, { headers: front.member })
    expect(response.status).toBe(200)
  })
})
