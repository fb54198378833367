import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Attack, marked } from './attacks/attack.ts'
import { classes } from './attacks.ts'
import { route } from './fakes.ts'
import { type Front, openWire, startFront, type Wire } from './front.ts'
import { type Recorded, type StrictRecorder, startStrictRecorder } from './strict-recorder.ts'

/** What came back for one attack, and what of it reached the upstream. */
interface Outcome {
  readonly text: string
  readonly reached: readonly Recorded[]
}

/** After every attack has its answer: long enough for what was hidden behind it. */
const settleMs = 300
const patienceMs = 15_000
const attacks = classes.flatMap(([, list]) => list)
let upstream: StrictRecorder
let front: Front
const outcomes = new Map<Attack, Outcome>()

const idOf = (attack: Attack) => `case${attacks.indexOf(attack)}x`

function reachedBy(attack: Attack): readonly Recorded[] {
  const id = idOf(attack)
  return upstream.requests.filter(({ url }) => url.includes(id))
}

beforeAll(async () => {
  upstream = await startStrictRecorder()
  const target = upstream.url
  front = await startFront({
    routes: [
      route({ target, maxBodyBytes: 5_000_000 }),
      route({ target, path: '/api/open', auth: 'none', csrf: false }),
      route({ target, path: '/api/open/strict' }),
      route({ target, path: '/api/quiet', websocket: false }),
      route({ target, path: '/api/posts', methods: ['POST'] }),
    ],
  })
  const wires = await Promise.all(
    attacks.map(async (attack) => {
      const wire = await openWire(front.port)
      wire.write(marked(attack.bytes, idOf(attack)))
      return wire
    }),
  )
  const patience = performance.now() + patienceMs
  const isAnswered = ({ text, socket }: Wire) => text !== '' || socket.closed
  const hasReached = (attack: Attack) => attack.orNone || reachedBy(attack).length >= attack.reaches.length
  const isOver = () => wires.every(isAnswered) && attacks.every(hasReached)
  while (!isOver() && performance.now() < patience) await pause(50)
  await pause(settleMs)
  for (const [index, attack] of attacks.entries()) {
    const wire = wires[index]
    outcomes.set(attack, { text: wire?.text ?? '', reached: reachedBy(attack) })
    wire?.socket.destroy()
  }
})

afterAll(async () => {
  await front[Symbol.asyncDispose]()
  await upstream[Symbol.asyncDispose]()
})

/** The header names that the gate means to send for these attacks. */
const meant =
  /^(?:host|connection|upgrade|content-(?:length|type)|transfer-encoding|sec-fetch-site|sec-purpose|origin|referer|x-requested-with|sec-websocket-(?:key|version)|x-forwarded-(?:proto|host|for)|x-request-id|authorization)$/

describe('an attacker', () => {
  it.each(classes.map(([name, list, count]) => [name, count, list] as const))(
    'by %s has %i ways',
    (_name, count, list) => {
      expect(list).toHaveLength(count)
    },
  )

  it('tries no two ways alike', () => {
    expect(attacks.length).toBeGreaterThanOrEqual(150)
    expect(new Set(attacks.map(({ bytes }) => bytes)).size).toBe(attacks.length)
  })

  describe.each(classes.map(([name, list]) => [name, list] as const))('by %s', (_name, list) => {
    it.each(list.map((attack) => [attack.what, attack] as const))('%s', (_what, attack) => {
      const { text, reached } = outcomes.get(attack) as Outcome
      const first = /^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1]
      expect(attack.answers).toContain(first === undefined ? 'closed' : Number(first))

      const requests = reached.map(({ method, url, body }) => `${method} ${url} ${body}`.trim())
      const expected = attack.reaches.map((one) => marked(one, idOf(attack)).trim())
      if (requests.length > 0 || !attack.orNone) expect(requests.sort()).toEqual(expected.sort())

      for (const { fields } of reached) {
        const names = fields.map(([name]) => name.toLowerCase())
        expect(names.filter((name) => !meant.test(name) && !attack.also?.test(name))).toEqual([])
        expect(new Set(names).size).toBe(names.length)
        expect(fields.join('\n')).not.toMatch(/spoofed|session=/)
        const said = new Map(fields.map(([name, value]) => [name.toLowerCase(), value]))
        expect(said.get('authorization')).toBe('Bearer TOKEN')
        expect(said.get('x-forwarded-for')).toBe('127.0.0.1')
        expect(said.get('x-forwarded-host')).toBe('app.example')
        expect(said.get('x-forwarded-proto')).toBe('https')
        expect(said.get('host')).toBe(upstream.host)
        expect(said.get('upgrade') ?? 'websocket').toBe('websocket')
      }
    })
  })

  it('brings no byte to the upstream that was not meant', () => {
    expect(upstream.violations).toEqual([])
    const known = [...outcomes.values()].flatMap(({ reached }) => reached)
    expect(upstream.requests.filter((one) => !known.includes(one))).toEqual([])
  })

  it('gets contract answers only: problems, what the upstream said, or what the parser says without a body', () => {
    for (const [{ what }, { text }] of outcomes) {
      for (const answer of text.split(/(?=HTTP\/1\.1 \d{3} )/).filter(Boolean)) {
        const [head = '', ...rest] = answer.split('\r\n\r\n')
        const body = rest.join('\r\n\r\n')
        const status = Number(head.slice(9, 12))
        if (/problem\+json/.test(head)) expect([what, JSON.parse(body)]).toMatchObject([what, { status }])
        else if (status === 200)
          expect([what, body]).toEqual([what, expect.stringMatching(/^(?:\{"hello":"world"\})?$/)])
        else if (status === 404) expect([what, body]).toEqual([what, 'not ours'])
        else {
          expect([100, 400, 408, 413, 417, 431]).toContain(status)
          expect([what, body.replace(/^0\r\n\r\n$/, '')]).toEqual([what, ''])
        }
      }
    }
  })

  it('leaves the server in good health', async () => {
    const response = await fetch(`${front.url}/api/after`, { headers: front.member })
    expect(response.status).toBe(200)
  })
})
