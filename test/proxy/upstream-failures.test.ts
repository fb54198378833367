import { once } from 'node:events'
import type { Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, it } from '@jest/globals'
import request from 'supertest'
import { route } from './fakes.ts'
import { openWire, startFront, turns } from './front.ts'
import { startRawUpstream, startUpstream } from './upstream.ts'

const get =
  'GET /api/x HTTP/1.1\r\nHost: app.example\r\nCookie: session=t1\r\nSec-Fetch-Site: same-origin\r\n\r\n'

describe('an upstream that closes an idle connection just when the next request is on its way', () => {
  const ok = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok'

  /** Answers the first request of a connection and closes at the second. */
  const startForgetful = (close: (socket: Socket) => void) => {
    const served = new WeakSet<Socket>()
    return startRawUpstream((socket) => {
      if (served.has(socket)) close(socket)
      else {
        served.add(socket)
        socket.write(ok)
      }
    })
  }

  const ways: [string, (socket: Socket) => void][] = [
    ['by FIN', (socket) => void socket.end()],
    ['by RST', (socket) => void socket.resetAndDestroy()],
  ]

  it.each(ways)('%s is asked once more, on a new connection', async (_way, close) => {
    await using upstream = await startForgetful(close)
    await using front = await startFront({ routes: [route({ target: upstream.url })] })
    const agent = request(front.url)
    await agent.get('/api/1').set(front.member).expect(200, 'ok')
    await agent.get('/api/2').set(front.member).expect(200, 'ok')
    await agent.head('/api/3').set(front.member).expect(200)
    await agent.put('/api/4').set(front.member).send('x').expect(200)
    await agent.put('/api/5').set(front.member).send('x').expect(200, 'ok')
    await agent.delete('/api/6').set(front.member).expect(200)
    expect(front.samples.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200])
  })

  it.each(ways)('%s is not sent a POST again', async (_way, close) => {
    await using upstream = await startForgetful(close)
    await using front = await startFront({ routes: [route({ target: upstream.url })] })
    const agent = request(front.url)
    await agent.get('/api/1').set(front.member).expect(200)
    const response = await agent.post('/api/2').set(front.member).send('x')
    expect([response.status, response.body.code]).toEqual([502, 'upstream-invalid-response'])
    expect(upstream.received.match(/POST/g)).toHaveLength(1)
  })

  it('is not asked again once it has said 100 Continue', async () => {
    await using upstream = await startRawUpstream(
      (socket) => void socket.end('HTTP/1.1 100 Continue\r\n\r\n'),
    )
    await using front = await startFront({ routes: [route({ target: upstream.url })] })
    await request(front.url).get('/api/1').set(front.member).expect(502)
    expect(upstream.received.match(/GET/g)).toHaveLength(1)
  })

  it('is asked twice at most', async () => {
    await using upstream = await startRawUpstream((socket) => void socket.end())
    await using front = await startFront({ routes: [route({ target: upstream.url })] })
    await request(front.url).get('/api/1').set(front.member).expect(502)
    expect(upstream.received.match(/GET/g)).toHaveLength(2)
  })

  it('is not asked again once it has begun to answer', async () => {
    await using upstream = await startRawUpstream((socket) => void socket.end('HTTP/1.1 2'))
    await using front = await startFront({ routes: [route({ target: upstream.url })] })
    await request(front.url).get('/api/1').set(front.member).expect(502)
    expect(upstream.received.match(/GET/g)).toHaveLength(1)
  })
})

describe('an upstream', () => {
  it('that nobody listens at is unreachable', async () => {
    await using front = await startFront({ routes: [route({ target: 'http://127.0.0.1:1' })] })
    const response = await request(front.url).post('/api/x').set(front.member).send('x'.repeat(100_000))
    expect([response.status, response.body.code]).toEqual([502, 'upstream-unreachable'])
    expect(response.text).not.toContain('127.0.0.1')
    expect(front.logged).toEqual(['proxy.failed'])
  })

  it.each([
    ['speaks something else', 'SSH-2.0-OpenSSH_9.9\r\n'],
    ['has two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc'],
    [
      'has a length and chunks',
      'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc',
    ],
    [
      'switches protocols unasked',
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n',
    ],
    ['folds a header', 'HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n'],
    ['has a control character in a header', 'HTTP/1.1 200 OK\r\nX: a\x01b\r\nContent-Length: 0\r\n\r\n'],
    ['never ends its head', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(100_000)}`],
    ['closes without a word', ''],
  ])('that %s did not answer properly', async (_what, answer) => {
    await using upstream = await startRawUpstream((socket) => {
      if (answer) socket.write(answer, 'latin1')
      else socket.end()
    })
    await using front = await startFront({ routes: [route({ target: upstream.url })] })
    const response = await request(front.url).get('/api/x').set(front.member)
    expect([response.status, response.body.code]).toEqual([502, 'upstream-invalid-response'])
    expect(response.headers['x']).toBeUndefined()
  })

  it('that does not answer in time is given up', async () => {
    await using upstream = await startUpstream()
    const gone = Promise.withResolvers<void>()
    upstream.answer = (req) => void req.socket.once('close', () => gone.resolve())
    await using front = await startFront({ routes: [route({ target: upstream.url, timeoutMs: 50 })] })
    const response = await request(front.url).get('/api/x').set(front.member)
    expect([response.status, response.body.code]).toEqual([504, 'upstream-timeout'])
    await gone.promise
    expect(front.samples[0]).toMatchObject({ status: 504, code: 'upstream-timeout', route: '/api' })
  })

  it('that needs time for the body after its head is waited for', async () => {
    await using upstream = await startUpstream()
    upstream.answer = (_req, res) => {
      res.flushHeaders()
      setTimeout(() => res.end('late'), 200)
    }
    await using front = await startFront({ routes: [route({ target: upstream.url, timeoutMs: 50 })] })
    const response = await request(front.url).get('/api/x').set(front.member)
    expect([response.status, response.text]).toEqual([200, 'late'])
  })

  it('may answer before it has read the whole body', async () => {
    await using upstream = await startUpstream()
    upstream.answer = (_req, res) => {
      res.statusCode = 422
      res.setHeader('Connection', 'close')
      res.end('no')
    }
    await using front = await startFront({ routes: [route({ target: upstream.url })] })
    const wire = await openWire(front.port)
    wire.write(get.replace('GET', 'POST').replace('\r\n\r\n', '\r\nContent-Length: 300000\r\n\r\n'))
    wire.write('x'.repeat(1000))
    await wire.until(/^HTTP\/1\.1 422 [\s\S]*\r\nConnection: close\r\n[\s\S]*no$/)
    // What is left of the body is read away, what comes behind it is not looked at (RFC 9112 §9.6).
    wire.write('x'.repeat(298_000))
    await turns()
    expect(wire.socket.closed).toBe(false)
    wire.write(`${'x'.repeat(1000)}GET / HTTP/1.1\r\nHost: app.example\r\n\r\n`)
    expect(await wire.closed()).not.toMatch(/not ours/)
    expect(wire.ending).toBe('end')
  })

  describe('that breaks in the middle of a body breaks the answer', () => {
    const hopOnly = 'Content-Length: 100\r\nConnection: close, content-length'
    const broken = [
      ['with a length', 'HTTP/1.1', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc', 'end'],
      ['in chunks', 'HTTP/1.1', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n', 'end'],
      ['that lasts until the end', 'HTTP/1.1', 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc', 'reset'],
      ['that lasts until the end', 'HTTP/1.0', 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc', 'reset'],
      ['in chunks', 'HTTP/1.0', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n', 'end'],
      ['with a length for this hop only', 'HTTP/1.0', `HTTP/1.1 200 OK\r\n${hopOnly}\r\n\r\nabc`, 'end'],
    ] as const
    it.each(broken)('%s, to a client of %s', async (_what, version, answer, how) => {
      await using upstream = await startRawUpstream((socket) => {
        socket.write(answer, () =>
          setTimeout(() => (how === 'end' ? socket.destroy() : socket.resetAndDestroy()), 20),
        )
      })
      await using front = await startFront({ routes: [route({ target: upstream.url })] })
      const wire = await openWire(front.port)
      wire.write(get.replace('HTTP/1.1', version))
      const text = await wire.closed()
      expect(text).toMatch(/^HTTP\/1.1 200 OK\r\n/)
      const whole = /\r\n\r\n(?:[0-9a-f]+\r\n)?abc(?:\r\n)?/.test(text)
      // No last chunk, too few bytes, or a reset: never an end that looks good.
      const looksGood =
        whole && !/content-length: 100/i.test(text) && !/chunked/i.test(text) && wire.ending === 'end'
      expect(looksGood || /\r\n0\r\n\r\n$/.test(text)).toBe(false)
      expect(front.samples[0]).toMatchObject({ status: 200, cut: true })
    })
  })

  it('is asked on no more connections than were allowed, and calls beyond wait their turn', async () => {
    await using upstream = await startUpstream()
    const routes = [route({ target: upstream.url, timeoutMs: 2_000 })]
    await using front = await startFront({ routes, connections: 2 })
    let [now, most] = [0, 0]
    upstream.answer = (_req, res) => {
      now += 1
      most = Math.max(most, now)
      setTimeout(() => {
        now -= 1
        res.end('x')
      }, 20)
    }
    const call = () => request(front.url).get('/api/x').set(front.member).expect(200)
    await Promise.all(Array.from({ length: 10 }, call))
    expect(most).toBe(2)
  })

  it('that closes idle connections soon is asked when a large body begins, however late that is', async () => {
    await using upstream = await startUpstream()
    await using front = await startFront({ routes: [route({ target: upstream.url })] })
    upstream.answer = (req, res) => {
      const { socket } = req
      req.resume().once('end', () => res.end('x', () => setTimeout(() => socket.destroy(), 50)))
    }
    await request(front.url).get('/api/x').set(front.member).expect(200)
    const wire = await openWire(front.port)
    wire.write(get.replace('GET', 'POST').replace(/\r\n$/, 'Content-Length: 20000\r\n\r\n'))
    await pause(200)
    wire.write('x'.repeat(20_000))
    await wire.until(/^HTTP\/1\.1 200 /)
  })

  it('that answers in another coding than chunks is not believed', async () => {
    await using upstream = await startRawUpstream((socket) => {
      socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nnot what it seems')
    })
    await using front = await startFront({ routes: [route({ target: upstream.url })] })
    const { body } = await request(front.url).get('/api/x').set(front.member).expect(502)
    expect(body.code).toBe('upstream-invalid-response')
  })

  it('that has closed an idle connection is asked on a new one', async () => {
    await using upstream = await startUpstream()
    await using front = await startFront({ routes: [route({ target: upstream.url })] })
    upstream.answer = (req, res) => {
      const { socket } = req
      res.end('x', () => setImmediate(() => socket.destroy()))
    }
    for (let call = 0; call < 20; call += 1)
      await request(front.url).get('/api/x').set(front.member).expect(200)
    expect(upstream.requests).toHaveLength(20)
  })
})

describe('an answer', () => {
  it.each([204, 304])('%i has no body', async (status) => {
    await using upstream = await startUpstream()
    upstream.answer = (_req, res) => {
      res.statusCode = status
      res.setHeader('ETag', '"1"')
      res.end()
    }
    await using front = await startFront({ routes: [route({ target: upstream.url })] })
    const response = await request(front.url).get('/api/x').set(front.member)
    expect([response.status, response.text, response.headers['etag']]).toEqual([status, '', '"1"'])
    expect(response.headers['transfer-encoding']).toBeUndefined()
  })

  it('to HEAD has the length of what GET would bring', async () => {
    await using upstream = await startUpstream()
    upstream.answer = (_req, res) => res.setHeader('Content-Length', '1234').end()
    await using front = await startFront({ routes: [route({ target: upstream.url })] })
    const response = await request(front.url).head('/api/x').set(front.member)
    expect([response.status, response.headers['content-length']]).toEqual([200, '1234'])
  })

  it.each(['GET', 'PUT', 'POST'])(
    'comes without a 100 Continue that nobody asked for: %s',
    async (method) => {
      let asked = ''
      await using upstream = await startRawUpstream((socket, text) => {
        asked += text
        if (!/^GET[\s\S]*\r\n\r\n$|^P[\s\S]*end$/.test(asked)) return
        asked = ''
        socket.write('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 100 ')
        setImmediate(() => socket.write('Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'))
      })
      await using front = await startFront({ routes: [route({ target: upstream.url })] })
      for (const size of [10, 100_000]) {
        const call = request(front.url)[method.toLowerCase() as 'get']('/api/x').set(front.member)
        const { status, text } = await (method === 'GET'
          ? call
          : call.type('text').send(`${'x'.repeat(size)}end`))
        expect([status, text]).toEqual([200, 'ok'])
      }
      expect(upstream.sockets).toHaveLength(1)
    },
  )

  it('comes without interim answers and trailers', async () => {
    await using upstream = await startRawUpstream((socket) => {
      socket.write('HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n')
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Late\r\n\r\n')
      socket.write('3\r\nabc\r\n0\r\nX-Late: 1\r\n\r\n')
    })
    await using front = await startFront({ routes: [route({ target: upstream.url })] })
    const wire = await openWire(front.port)
    wire.write(get.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'))
    const text = await wire.closed()
    expect(text).toMatch(/^HTTP\/1.1 200 OK\r\n/)
    expect(text).not.toMatch(/x-late|link|HTTP\/1.1 10/i)
    expect(text).toMatch(/\r\n\r\n3\r\nabc\r\n0\r\n\r\n$/)
  })

  it('shows its head before its body begins', async () => {
    await using upstream = await startUpstream()
    upstream.answer = (_req, res) => {
      res.setHeader('Content-Length', '3')
      res.flushHeaders()
    }
    await using front = await startFront({ routes: [route({ target: upstream.url })] })
    const wire = await openWire(front.port)
    wire.write(get)
    expect(await wire.until(/\r\n\r\n/)).toMatch(/content-length: 3/i)
    wire.socket.destroy()
  })

  it('keeps every Set-Cookie where that is allowed', async () => {
    await using upstream = await startUpstream()
    upstream.answer = (_req, res) => res.setHeader('Set-Cookie', ['a=1', 'session=stolen', 'b=2']).end()
    await using front = await startFront({
      routes: [
        route({ target: upstream.url }),
        route({ target: upstream.url, path: '/set', setCookie: true }),
      ],
    })
    const without = await request(front.url).get('/api/x').set(front.member)
    const withCookies = await request(front.url).get('/set/x').set(front.member)
    expect(without.headers['set-cookie']).toBeUndefined()
    expect(withCookies.headers['set-cookie']).toEqual(['a=1', 'b=2'])
  })
})

describe('a client that leaves', () => {
  it.each(['before the answer', 'in the middle of it'])('%s ends the call at the upstream', async (when) => {
    await using upstream = await startUpstream()
    const left = Promise.withResolvers<void>()
    upstream.answer = (req, res) => {
      req.socket.once('close', () => left.resolve())
      if (when === 'in the middle of it') res.write('first')
    }
    await using front = await startFront({ routes: [route({ target: upstream.url })] })
    const wire = await openWire(front.port)
    wire.write(get)
    if (when === 'in the middle of it') await wire.until(/first/)
    else while (upstream.requests.length === 0) await once(upstreamTick(), 'tick')
    wire.socket.destroy()
    await left.promise
    expect(front.samples).toHaveLength(1)
    expect(front.samples[0]).toMatchObject({ cut: true, code: undefined })
    expect(front.logged).toEqual([])
  })

  it('while it sends a body ends the call at the upstream', async () => {
    await using upstream = await startUpstream()
    const left = Promise.withResolvers<void>()
    upstream.answer = (req) => {
      req.on('error', () => undefined)
      req.socket.once('close', () => left.resolve())
    }
    await using front = await startFront({ routes: [route({ target: upstream.url })] })
    const wire = await openWire(front.port)
    wire.write(get.replace('GET', 'POST').replace('\r\n\r\n', '\r\nContent-Length: 1000000\r\n\r\nabc'))
    while (upstream.requests.length === 0) await once(upstreamTick(), 'tick')
    wire.socket.destroy()
    await left.promise
    expect(front.samples[0]).toMatchObject({ status: 0, cut: true })
    expect(front.logged).toEqual([])
  })
})

/** The next turn of the event loop, as an event. */
function upstreamTick() {
  const tick = new EventTarget()
  setImmediate(() => tick.dispatchEvent(new Event('tick')))
  return tick
}

describe('a token that the upstream does not take', () => {
  it('is fetched anew once, and the call repeated', async () => {
    await using upstream = await startUpstream()
    upstream.answer = (req, res) => {
      res.statusCode = req.headers.authorization === 'Bearer NEW' ? 200 : 401
      res.end(res.statusCode === 200 ? 'fine' : 'expired')
    }
    await using front = await startFront({ routes: [route({ target: upstream.url, token: 'provider' })] })
    front.tokens.answer = (rejected) => (rejected === 'TOKEN' ? Promise.resolve('NEW') : 'TOKEN')
    const response = await request(front.url).get('/api/x').set(front.member)
    expect([response.status, response.text]).toEqual([200, 'fine'])
    expect(upstream.requests).toHaveLength(2)
    expect(front.tokens.asked.map(({ rejected }) => rejected)).toEqual([undefined, 'TOKEN'])
  })

  it('is not fetched a third time', async () => {
    await using upstream = await startUpstream()
    upstream.answer = (_req, res) => {
      res.statusCode = 401
      res.end('no')
    }
    await using front = await startFront({ routes: [route({ target: upstream.url, token: 'exchange' })] })
    front.tokens.answer = (rejected) => (rejected ? 'NEW' : 'TOKEN')
    const response = await request(front.url).get('/api/x').set(front.member)
    expect([response.status, response.text]).toEqual([401, 'no'])
    expect(upstream.requests).toHaveLength(2)
  })

  it.each([
    ['a request with a body', { token: 'provider' as const }, 'post' as const],
    ['a service token', { token: 'service' as const }, 'get' as const],
  ])('is final for %s', async (_what, overrides, method) => {
    await using upstream = await startUpstream()
    upstream.answer = (_req, res) => {
      res.statusCode = 401
      res.end('no')
    }
    await using front = await startFront({ routes: [route({ target: upstream.url, ...overrides })] })
    const response = await request(front.url)
      [method]('/api/x')
      .set(front.member)
      .send(method === 'post' ? 'x' : undefined)
    expect([response.status, response.text]).toEqual([401, 'no'])
    expect(upstream.requests).toHaveLength(1)
  })

  it("is the upstream's own 401 when there is no newer one", async () => {
    await using upstream = await startUpstream()
    upstream.answer = (_req, res) => {
      res.statusCode = 401
      res.end('no')
    }
    await using front = await startFront({ routes: [route({ target: upstream.url, token: 'provider' })] })
    front.tokens.answer = async () => 'TOKEN'
    const response = await request(front.url).get('/api/x').set(front.member)
    expect([response.status, response.text]).toEqual([401, 'no'])
    expect(response.headers['content-type']).not.toBe('application/problem+json; charset=utf-8')
  })

  it('means a new sign-in when the grant is dead', async () => {
    await using upstream = await startUpstream()
    upstream.answer = (_req, res) => {
      res.statusCode = 401
      res.end('no')
    }
    await using front = await startFront({ routes: [route({ target: upstream.url, token: 'provider' })] })
    front.tokens.answer = async (rejected) => (rejected ? undefined : 'TOKEN')
    const response = await request(front.url).get('/api/x').set(front.member)
    expect([response.status, response.body.code]).toEqual([401, 'session-required'])
  })
})

describe('a body that is too large', () => {
  const limited = { maxBodyBytes: 1000 }

  it('is refused by its length before the upstream hears of it', async () => {
    await using upstream = await startUpstream()
    await using front = await startFront({ routes: [route({ target: upstream.url, ...limited })] })
    await request(front.url).post('/api/x').set(front.member).send('x'.repeat(1000)).expect(200)
    const response = await request(front.url).post('/api/x').set(front.member).send('x'.repeat(1001))
    expect([response.status, response.body.code]).toEqual([413, 'payload-too-large'])
    expect(upstream.requests).toHaveLength(1)
  })

  it('in chunks is cut on both sides', async () => {
    await using upstream = await startUpstream()
    const cut = Promise.withResolvers<void>()
    upstream.answer = (req) => {
      req.on('error', () => undefined)
      req.socket.once('close', () => cut.resolve())
    }
    await using front = await startFront({ routes: [route({ target: upstream.url, ...limited })] })
    const wire = await openWire(front.port)
    wire.write(get.replace('GET', 'POST').replace('\r\n\r\n', '\r\nTransfer-Encoding: chunked\r\n\r\n'))
    wire.write(`3e8\r\n${'x'.repeat(1000)}\r\n`)
    while (upstream.requests[0]?.body.length !== 1000) await once(upstreamTick(), 'tick')
    wire.write('1\r\ny\r\n')
    await wire.until(/413 [\s\S]*payload-too-large/)
    await cut.promise
    wire.write('0\r\n\r\n')
    await wire.closed()
    expect(upstream.requests[0]?.body).toBe('x'.repeat(1000))
  })

  it('in chunks, answered already, breaks the answer', async () => {
    await using upstream = await startUpstream()
    upstream.answer = (req, res) => {
      req.on('error', () => undefined)
      res.write('begun')
    }
    await using front = await startFront({ routes: [route({ target: upstream.url, ...limited })] })
    const wire = await openWire(front.port)
    wire.write(
      get.replace('GET', 'POST').replace('\r\n\r\n', '\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n'),
    )
    await wire.until(/begun/)
    wire.write(`7d0\r\n${'x'.repeat(2000)}\r\n`)
    expect(await wire.closed()).not.toMatch(/\r\n0\r\n\r\n$/)
  })
})

describe('Expect: 100-continue', () => {
  const post = get
    .replace('GET', 'POST')
    .replace('\r\n\r\n', '\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n')

  it('is answered once the gate is open', async () => {
    await using upstream = await startUpstream()
    await using front = await startFront({ routes: [route({ target: upstream.url })] })
    const wire = await openWire(front.port)
    wire.write(post)
    await wire.until(/^HTTP\/1.1 100 Continue\r\n\r\n$/)
    wire.write('body')
    await wire.until(/HTTP\/1.1 200 OK/)
    expect(upstream.requests[0]).toMatchObject({
      body: 'body',
      headers: expect.not.objectContaining({ expect: '' }),
    })
    wire.socket.destroy()
  })

  it('is refused by the gate without a body being sent', async () => {
    await using upstream = await startUpstream()
    await using front = await startFront({ routes: [route({ target: upstream.url })] })
    const wire = await openWire(front.port)
    wire.write(post.replace('session=t1', 'session=none'))
    const text = await wire.closed()
    expect(text).toMatch(/^HTTP\/1.1 401 /)
    expect(upstream.requests).toEqual([])
  })

  it('is answered at once for what is not on a route', async () => {
    await using front = await startFront({ routes: [route({ target: 'http://127.0.0.1:1' })] })
    const wire = await openWire(front.port)
    wire.write(post.replace('/api/x', '/auth/signup'))
    await wire.until(/^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 404/)
    wire.socket.destroy()
  })
})
