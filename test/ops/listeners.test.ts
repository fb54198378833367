import { once } from 'node:events'
import { createServer, request as httpRequest, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from '@jest/globals'
import request from 'supertest'
import { createLog } from '../../src/ops/create-log.ts'
import { createMetrics } from '../../src/ops/create-metrics.ts'
import { createHealth, type HealthCheck } from '../../src/ops/health.ts'
import { createRequestLog, logRequests } from '../../src/ops/log-requests.ts'
import { createOpsListener } from '../../src/ops/ops-listener.ts'

const check = (name: string, ping: HealthCheck['ping'], required = true) => ({ name, ping, required })
const fine = async () => {}
const broken = async () => {
  throw new Error('connect ECONNREFUSED 10.0.0.7:6379')
}

describe('health', () => {
  it('is 200 on /healthz while the process lives, whatever is down', async () => {
    const health = createHealth([check('redis', broken)])
    await request(health.live)
      .get('/healthz')
      .expect(200, { status: 'ok' })
      .expect('Cache-Control', 'no-store')
  })

  it('is ready when everything required answers', async () => {
    await request(createHealth([check('redis', fine)]).ready)
      .get('/readyz')
      .expect(200, { status: 'ok' })
    await request(createHealth([check('redis', broken)]).ready)
      .get('/readyz')
      .expect(503, { status: 'unavailable' })
    await request(createHealth([check('database', broken, false)]).ready)
      .get('/readyz')
      .expect(200)
  })

  it('gives up a check that hangs, or that throws at once', async () => {
    const hanging = createHealth([check('redis', () => new Promise(() => {}))])
    const throwing = createHealth([
      check('redis', () => {
        throw new Error('now')
      }),
    ])
    await request(hanging.ready).get('/readyz').expect(503)
    await request(throwing.ready).get('/readyz').expect(503)
  })

  it('is not ready any more once it drains', async () => {
    const health = createHealth([check('redis', fine)])
    health.drain()
    await request(health.ready).get('/readyz').expect(503)
    await request(health.live).get('/healthz').expect(200)
  })

  it('asks the stores once for a storm of probes', async () => {
    let asked = 0
    const health = createHealth([
      check('redis', async () => {
        asked += 1
      }),
    ])
    await Promise.all(Array.from({ length: 50 }, () => health.readiness()))
    expect(asked).toBe(1)
  })
})

describe('the ops listener', () => {
  const metrics = () => createMetrics({ providers: ['kakao'], routes: ['/api'] })

  it('serves the metrics and says which check fails, and no address or reason', async () => {
    const health = createHealth([check('redis', broken), check('database', fine, false)])
    const listener = createOpsListener(metrics(), health)
    const { text } = await request(listener)
      .get('/metrics')
      .expect(200)
      .expect('Content-Type', /^text\/plain/)
    expect(text).toContain('coatcheck_event_loop_delay_seconds')
    const { body } = await request(listener).get('/readyz?verbose').expect(503)
    expect(body).toEqual({
      status: 'unavailable',
      draining: false,
      checks: [
        { name: 'redis', ok: false, durationMs: expect.any(Number) },
        { name: 'database', ok: true, durationMs: expect.any(Number) },
      ],
    })
    await request(listener).get('/readyz').expect(503, { status: 'unavailable' })
    await request(listener).get('/healthz').expect(200)
  })

  it('has nothing else', async () => {
    const listener = createOpsListener(metrics(), createHealth([]))
    await request(listener)
      .get('/')
      .expect(404)
      .expect('Content-Type', /problem\+json/)
    await request(listener).post('/metrics').expect(405).expect('Allow', 'GET, HEAD')
    const { text } = await request(listener).head('/metrics').expect(200)
    expect(text).toBeUndefined()
  })
})

describe('the request log', () => {
  function logged(handler: RequestListener, level: 'debug' | 'info' | 'warn' = 'info') {
    const lines: Record<string, unknown>[] = []
    const log = createLog({
      level,
      format: 'json',
      destination: { write: (line) => lines.push(JSON.parse(line)) },
    })
    let now = 0
    const begun = logRequests(createRequestLog(log), () => (now += 7))
    const listener: RequestListener = (req, res) => {
      begun(req, res)
      handler(req, res)
    }
    return { lines, listener }
  }

  it('has one line per request, without the query', async () => {
    const { lines, listener } = logged((_req, res) => res.writeHead(201).end('x'))
    await request(listener)
      .post('/api/notes?code=SECRET&token=SECRET')
      .set('Cookie', 'session=SECRET')
      .set('X-Request-Id', 'abc-1')
      .send('SECRET')
    expect(lines).toEqual([
      {
        level: 'info',
        time: expect.any(String),
        event: 'request',
        method: 'POST',
        path: '/api/notes',
        status: 201,
        durationMs: 7,
        requestId: 'abc-1',
      },
    ])
    expect(JSON.stringify(lines)).not.toContain('SECRET')
  })

  it('holds no token either that stands in a path or poses as an id', async () => {
    const { lines, listener } = logged((_req, res) => res.end())
    const token = 'eyJhbGciOi.eyJzdWIi.c2ln'
    await request(listener).get(`/reset/${token}/now`).set('X-Request-Id', token)
    expect(lines).toMatchObject([{ path: '/reset/[redacted]/now', requestId: '[redacted]' }])
  })

  it('says when a client left before the answer was complete', async () => {
    let closed: Promise<unknown> | undefined
    const { lines, listener } = logged((_req, res) => {
      closed = once(res, 'close')
      res.write('half')
    })
    const server = createServer(listener)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const call = httpRequest({ port, host: '127.0.0.1' }, () => call.destroy())
    await once(call.end(), 'close')
    await closed
    server.close()
    expect(lines).toMatchObject([{ status: 200, aborted: true }])
  })

  it('tells of a proxied call what the proxy says of it', () => {
    const lines: Record<string, unknown>[] = []
    const log = createLog({
      level: 'info',
      format: 'json',
      destination: { write: (line) => lines.push(JSON.parse(line)) },
    })
    createRequestLog(log)?.({
      method: 'GET',
      target: '/api/notes?token=SECRET',
      status: 502,
      code: 'upstream-unreachable',
      durationMs: 12.345,
      upstreamMs: 3.21,
      requestId: 'abc-2',
      route: '/api',
      cut: true,
    })
    expect(lines).toMatchObject([
      { path: '/api/notes', route: '/api', durationMs: 12.3, upstreamMs: 3.2, aborted: true, status: 502 },
    ])
  })

  it('leaves probes to debug', async () => {
    const { lines, listener } = logged((_req, res) => res.end())
    await request(listener).get('/readyz')
    expect(lines).toEqual([])
    const verbose = logged((_req, res) => res.end(), 'debug')
    await request(verbose.listener).get('/healthz')
    expect(verbose.lines).toMatchObject([{ level: 'debug', path: '/healthz' }])
  })

  it('does nothing where nothing would be written', async () => {
    let listeners: number | undefined
    const { listener, lines } = logged((_req, res) => {
      listeners = res.listenerCount('close')
      res.end()
    }, 'warn')
    await request(listener).get('/x').expect(200)
    expect(listeners).toBe(0)
    expect(lines).toEqual([])
  })
})
