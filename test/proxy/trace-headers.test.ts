import { createServer, type IncomingMessage, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { parseTraceParent } from '../../src/http/traceparent.ts'
import { upstreamHeaders } from '../../src/proxy/request-headers.ts'

const id = '4bf92f3577b34da6a3ce929d0e0e4736'
const span = '00f067aa0ba902b7'
const wellFormed = `00-${id}-${span}-01`

const malformed = {
  nothing: '',
  'a word': 'trace',
  'upper case': `00-${id.toUpperCase()}-${span}-01`,
  'no trace': `00-${'0'.repeat(32)}-${span}-01`,
  'no span': `00-${id}-${'0'.repeat(16)}-01`,
  'a short trace': `00-${id.slice(1)}-${span}-01`,
  'no flags': `00-${id}-${span}`,
  'version 00 with more behind it': `${wellFormed}-x`,
  'the forbidden version': `ff-${id}-${span}-01`,
  'space around it': ` ${wellFormed} `,
  'two at once': `${wellFormed}, ${wellFormed}`,
}

describe('traceparent', () => {
  it('is read as W3C Trace Context has it', () => {
    expect(parseTraceParent(wellFormed)).toEqual({ traceId: id, spanId: span, flags: 1 })
    expect(parseTraceParent(`00-${id}-${span}-00`)?.flags).toBe(0)
    expect(parseTraceParent(`cc-${id}-${span}-01-what-comes-later`)?.traceId).toBe(id)
  })

  it.each(Object.entries(malformed))('is none: %s', (_what, text) => {
    expect(parseTraceParent(text)).toBeUndefined()
  })
})

describe('to the upstream', () => {
  let server: Server
  let received: IncomingMessage
  beforeAll(async () => {
    server = createServer((req, res) => {
      received = req
      res.end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  afterAll(() => void server.close())

  /** What goes up of a request's trace headers, spelled in some way. */
  async function sentUp(headers: readonly (readonly [string, string])[]): Promise<Record<string, string>> {
    const { port } = server.address() as AddressInfo
    await new Promise((resolve) =>
      request({ port, host: '127.0.0.1', headers: ['Host', 'x', ...headers.flat()] }, (res) =>
        res.resume().once('end', resolve),
      ).end(),
    )
    const vouched = {
      forwardedProto: '',
      forwardedHost: '',
      forwardedFor: '',
      requestId: '',
      token: undefined,
    }
    const list = upstreamHeaders(received, vouched, { cookies: 'none', ownCookieNames: () => false })
    const found: Record<string, string> = {}
    for (let at = 0; at < list.length; at += 2)
      if (/^trace/i.test(list[at] as string)) found[list[at] as string] = list[at + 1] as string
    return found
  }

  it('goes a well-formed traceparent, with its state', async () => {
    expect(await sentUp([['traceparent', wellFormed]])).toEqual({ traceparent: wellFormed })
    const both = [
      ['Traceparent', wellFormed],
      ['TraceState', 'rojo=00f067aa0ba902b7'],
    ] as const
    expect(await sentUp(both)).toEqual(Object.fromEntries(both))
  })

  // A header's value has no space around it once it has been parsed.
  const sendable = Object.entries(malformed).filter(([, text]) => text === text.trim())

  it.each(sendable)('goes no malformed one, and no state without one: %s', async (_what, text) => {
    expect(
      await sentUp([
        ['TraceParent', text],
        ['Tracestate', 'rojo=1'],
      ]),
    ).toEqual({})
  })

  it('goes neither of two traceparents, nor a state alone', async () => {
    expect(
      await sentUp([
        ['traceparent', wellFormed],
        ['traceparent', wellFormed.replace('01', '00')],
      ]),
    ).toEqual({})
    expect(await sentUp([['tracestate', 'rojo=1']])).toEqual({})
  })
})
