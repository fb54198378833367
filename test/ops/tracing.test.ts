import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { WebSocket } from 'ws'
import { faults } from '../../src/testing/world.ts'
import { startExchangeServer } from '../api-token/exchange-server.ts'
import { signUp } from '../support/house.ts'
import { freshPrefix, redisUrl } from '../support/services.ts'
import { type Collector, type ReceivedSpan, startCollector } from './collector.ts'
import { type ObservedHouse, openObservedHouse, ticketOf } from './observed-house.ts'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const callerId = '00f067aa0ba902b7'
const caller = { traceparent: `00-${traceId}-${callerId}-01`, tracestate: 'rojo=1' }

let collector: Collector
let opened: ObservedHouse | undefined
beforeEach(async () => {
  collector = await startCollector()
})
afterEach(async () => {
  await opened?.close()
  collector.close()
  for (const name of Object.keys(process.env)) if (name.startsWith('OTEL_')) delete process.env[name]
})

/** A house that traces; the exporter reads the process's own environment. */
async function open(
  traceTo: Readonly<Record<string, string>> = {},
  env: Readonly<Record<string, string>> = {},
): Promise<ObservedHouse> {
  const all = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_BSP_SCHEDULE_DELAY: '20', ...traceTo }
  Object.assign(process.env, all)
  opened = await openObservedHouse({ env, traceTo: all })
  return opened
}

/** Whose parent is `parent`. */
const childrenOf = (parent: ReceivedSpan) =>
  collector.spans.filter(({ parentId }) => parentId === parent.spanId)

const served = (name: string) => collector.span((span) => span.kind === 'server' && span.name === name)

describe('a call of an API', () => {
  it('is a span of its caller’s, and the upstream’s are children of the call to it', async () => {
    const { browser, asked } = await open()
    const member = browser()
    await signUp(member)
    await member.fetch('/api/notes?code=SECRET', { headers: caller })
    const server = await collector.span(({ name, parentId }) => name === 'GET /api' && parentId === callerId)
    const client = await collector.span(({ parentId }) => parentId === server.spanId)
    expect([server.traceId, client.traceId]).toEqual([traceId, traceId])
    expect([server.kind, client.kind]).toEqual(['server', 'client'])
    expect(asked.at(-1)?.headers).toMatchObject({
      traceparent: `00-${traceId}-${client.spanId}-01`,
      tracestate: 'rojo=1',
    })
    expect(server.attributes).toMatchObject({
      'http.request.method': 'GET',
      'http.route': '/api',
      'url.path': '/api/notes',
      'url.scheme': 'http',
      'server.address': 'localhost',
      'http.response.status_code': 200,
    })
    expect(client.attributes).toMatchObject({
      'http.request.method': 'GET',
      'url.full': expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/api\/notes$/),
      'http.response.status_code': 200,
    })
    expect(collector.received).not.toContain('SECRET')
  })

  it('begins a trace where the caller names none that can be read', async () => {
    const { browser, asked } = await open()
    const member = browser()
    await signUp(member)
    await member.fetch('/api/notes', { headers: { traceparent: 'nonsense', tracestate: 'rojo=1' } })
    const { traceId: begun, parentId, state } = await served('GET /api')
    expect([parentId, state]).toEqual(['', ''])
    expect(asked.at(-1)?.headers['traceparent']).toContain(begun)
    expect(asked.at(-1)?.headers['tracestate']).toBeUndefined()
  })

  it('that the gate refuses has a span, no call to the upstream, and is nobody’s failure', async () => {
    const { browser } = await open()
    await browser().fetch('/api/notes')
    const span = await served('GET /api')
    expect(span.attributes).toMatchObject({
      'http.response.status_code': 401,
      'coatcheck.problem': 'session-required',
    })
    expect(span.failed).toBe(false)
    expect(childrenOf(span)).toEqual([])
  })

  it('has failed when its upstream is away', async () => {
    const { browser } = await open({}, { API_URL: 'http://127.0.0.1:1' })
    const member = browser()
    await signUp(member)
    await member.fetch('/api/notes')
    const server = await served('GET /api')
    const client = await collector.span(({ parentId }) => parentId === server.spanId)
    for (const span of [server, client]) {
      expect(span.failed).toBe(true)
      expect(span.attributes).toMatchObject({ 'error.type': 'upstream-unreachable' })
    }
    expect(server.attributes['http.response.status_code']).toBe(502)
  })

  it('that is made again with a fresh token has a span for each', async () => {
    const { browser, asked } = await open({}, { API_TOKEN: 'provider' })
    const member = browser()
    await signUp(member)
    expect((await member.fetch('/api/picky')).status).toBe(200)
    const server = await served('GET /api')
    const again = await collector.span(({ attributes }) => attributes['http.request.resend_count'] === 1)
    const calls = childrenOf(server).filter(
      ({ attributes }) => attributes['url.full'] === again.attributes['url.full'],
    )
    expect(calls.map(({ attributes }) => attributes['http.response.status_code'])).toEqual([401, 200])
    const told = asked.slice(-2).map(({ headers }) => String(headers['traceparent']).split('-')[2])
    expect(told).toEqual(calls.map(({ spanId }) => spanId))
  })

  it('for a WebSocket has spans of its handshake', async () => {
    const { browser, env, asked } = await open()
    const member = browser()
    await signUp(member)
    const origin = env['PUBLIC_URL'] as string
    const socket = new WebSocket(`ws://127.0.0.1:${env['PORT']}/api/room`, {
      headers: { ...caller, cookie: ticketOf(member), origin, host: new URL(origin).host },
    })
    await once(socket, 'open')
    const server = await served('GET /api')
    const client = await collector.span(({ parentId }) => parentId === server.spanId)
    expect(server).toMatchObject({ traceId, parentId: callerId })
    expect(server.attributes['http.response.status_code']).toBe(101)
    expect(asked.at(-1)?.headers['traceparent']).toBe(`00-${traceId}-${client.spanId}-01`)
    socket.terminate()
  })
})

describe('a call with an exchanged token', () => {
  it('has a span of the exchange', async () => {
    const exchange = await startExchangeServer()
    try {
      const { browser } = await open(
        {},
        {
          API_TOKEN: 'exchange',
          TOKEN_EXCHANGE_URL: exchange.url,
          TOKEN_EXCHANGE_CLIENT_ID: 'us',
          TOKEN_EXCHANGE_CLIENT_SECRET: 'EXCHANGE-SECRET',
        },
      )
      const member = browser()
      await signUp(member)
      expect((await member.fetch('/api/notes')).status).toBe(200)
      const server = await served('GET /api')
      const span = await collector.span(({ attributes }) => attributes['url.full'] === exchange.url)
      expect([span.parentId, span.attributes['http.request.method']]).toEqual([server.spanId, 'POST'])
    } finally {
      await exchange.close()
    }
  })
})

describe('a sign-in', () => {
  it('has spans of what the provider was asked, of Redis and of the database', async () => {
    const { browser, world } = await open({}, { REDIS_URL: redisUrl(), REDIS_PREFIX: freshPrefix() })
    await signUp(browser())
    const callback = await served('GET /auth/callback/:provider')
    await served('POST /auth/signup')
    const children = childrenOf(callback)
    expect(new Set(children.map(({ traceId }) => traceId))).toEqual(new Set([callback.traceId]))
    const systems = children.map(({ attributes }) => attributes['db.system.name'])
    expect(systems).toEqual(expect.arrayContaining(['redis', 'sqlite']))
    const calls = children.filter(({ attributes }) => 'url.full' in attributes)
    expect(calls.map(({ attributes }) => attributes['http.request.method'])).toContain('POST')
    expect(calls.every(({ attributes }) => !String(attributes['url.full']).includes('?'))).toBe(true)
    expect(
      world
        .provider('kakao')
        .requestsTo('token')
        .map(({ headers }) => headers['traceparent']),
    ).toEqual([undefined])
  })

  it('that a provider breaks off has a failed call to it', async () => {
    const { browser, world } = await open()
    world.provider('kakao').fail('token', faults.answer(503))
    await browser().goto('/auth/login/kakao')
    const failed = await collector.span(
      ({ kind, attributes, failed }) => kind === 'client' && failed && 'url.full' in attributes,
    )
    expect(failed.attributes).toMatchObject({ 'http.request.method': 'POST', 'error.type': '503' })
  })

  it('goes on within its span after its body has been read', async () => {
    const { browser } = await open()
    await signUp(browser())
    const signup = await served('POST /auth/signup')
    await collector.span(({ parentId }) => parentId === signup.spanId)
    expect(childrenOf(signup).map(({ attributes }) => attributes['db.system.name'])).toContain('sqlite')
  })
})

describe('which traces are sent', () => {
  it('is the sampler’s to say: none', async () => {
    const { browser, asked } = await open({ OTEL_TRACES_SAMPLER: 'always_off' })
    const member = browser()
    await signUp(member)
    await member.fetch('/api/notes', { headers: caller })
    const told = String(asked.at(-1)?.headers['traceparent'])
    expect(told).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-00$`))
    expect(told).not.toContain(callerId)
    await opened?.close()
    opened = undefined
    expect(collector.spans).toEqual([])
  })

  it('is the sampler’s to say: what the caller sends', async () => {
    const { browser } = await open({
      OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
      OTEL_TRACES_SAMPLER_ARG: '0',
    })
    const member = browser()
    await signUp(member)
    await member.fetch('/api/notes', { headers: caller })
    await served('GET /api')
    expect(new Set(collector.spans.map((span) => span.traceId))).toEqual(new Set([traceId]))
  })

  it('say who sends them', async () => {
    const { browser } = await open({
      OTEL_SERVICE_NAME: 'shop-bff',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=staging',
    })
    await browser().fetch('/api/notes')
    expect((await served('GET /api')).resource).toMatchObject({
      'service.name': 'shop-bff',
      'service.instance.id': expect.any(String),
      'deployment.environment.name': 'staging',
    })
  })

  it('are coatcheck’s where nobody says otherwise', async () => {
    const { browser } = await open()
    await browser().fetch('/api/notes')
    expect((await served('GET /api')).resource).toMatchObject({ 'service.name': 'coatcheck' })
  })
})

describe('a collector that is away', () => {
  it('costs no request anything', async () => {
    collector.close()
    const { browser } = await open({ OTEL_EXPORTER_OTLP_TIMEOUT: '500' })
    const member = browser()
    await signUp(member)
    expect((await member.fetch('/api/notes')).status).toBe(200)
    const startedAt = performance.now()
    await opened?.close()
    opened = undefined
    expect(performance.now() - startedAt).toBeLessThan(5_000)
  })
})
