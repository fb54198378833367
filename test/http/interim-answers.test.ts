import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { skipInterimAnswersOfFetch } from '../../src/http/interim-answers.ts'
import { turns } from '../proxy/front.ts'

const interim = {
  'an unasked 100 Continue': 'HTTP/1.1 100 Continue\r\n\r\n',
  'one with headers': 'HTTP/1.1 100 Continue\r\nX-A: b\r\nDate: today\r\n\r\n',
  'one of HTTP/1.0': 'HTTP/1.0 100 Continue\r\n\r\n',
  'one without a reason': 'HTTP/1.1 100 \r\n\r\n',
  'several of all kinds':
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n',
}
const body = 'HTTP/1.1 100 Continue\r\n\r\n'
const answer = `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`

let port: number
/** What the server writes, one write after the other. */
let pieces: readonly string[] = []
const server = createServer((socket: Socket) => {
  socket
    .setNoDelay()
    .unref()
    .on('error', () => {})
  let asked = ''
  socket.on('data', async (bytes) => {
    asked += bytes.toString()
    if (!/^GET[\s\S]*\r\n\r\n$|^POST[\s\S]*end$/.test(asked)) return
    asked = ''
    for (const piece of pieces) {
      socket.write(piece)
      await turns()
    }
  })
})
beforeAll(async () => {
  skipInterimAnswersOfFetch()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  port = (server.address() as { port: number }).port
})
afterAll(() => void server.close())

async function ask(init?: RequestInit): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/`, init)
  expect(response.status).toBe(200)
  return response.text()
}

describe('fetch', () => {
  it.each(Object.entries(interim))('passes over %s, and over nothing of a body', async (_what, before) => {
    pieces = [before + answer]
    for (const init of [{}, {}, { method: 'POST', body: 'the end' }, {}]) expect(await ask(init)).toBe(body)
  })

  it('passes over one that comes in any two pieces', async () => {
    const whole = interim['one with headers'] + answer
    for (let at = 1; at < interim['one with headers'].length + 20; at += 1) {
      pieces = [whole.slice(0, at), whole.slice(at)]
      expect(await ask()).toBe(body)
    }
  })

  it('passes over nothing of a body that comes in pieces of its own', async () => {
    pieces = [answer.slice(0, -body.length), body.slice(0, 12), body.slice(12)]
    expect(await ask()).toBe(body)
    pieces = [answer.slice(0, -body.length), body]
    expect(await ask({ method: 'POST', body: 'the end' })).toBe(body)
  })

  it('passes over one that comes byte by byte', async () => {
    pieces = [...(interim['several of all kinds'] + answer)]
    expect(await ask()).toBe(body)
  })

  it.each([
    ['an interim answer without an end', `HTTP/1.1 100 Continue\r\nX: ${'x'.repeat(20_000)}`],
    ['something else', 'SSH-2.0-1.1\r\n\r\n'],
    ['a protocol that it did not ask for', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n'],
  ])('takes %s for no answer', async (_what, bytes) => {
    pieces = [bytes]
    await expect(ask()).rejects.toThrow('fetch failed')
  })
})
