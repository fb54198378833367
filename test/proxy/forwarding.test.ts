import { describe, expect, it } from '@jest/globals'
import request from 'supertest'
import { route } from './fakes.ts'
import { startFront } from './front.ts'
import { startUpstream } from './upstream.ts'

describe('a call on a route', () => {
  it('goes to the target with the token of the session', async () => {
    await using upstream = await startUpstream()
    await using front = await startFront({ routes: [route({ target: upstream.url })] })

    const response = await request(front.url).get('/api/notes?q=%ED%95%9C').set(front.member)

    expect(response.status).toBe(200)
    expect(response.body).toEqual({ hello: 'world' })
    expect(upstream.requests).toHaveLength(1)
    expect(upstream.requests[0]).toMatchObject({
      method: 'GET',
      url: '/api/notes?q=%ED%95%9C',
      headers: { authorization: 'Bearer TOKEN', host: new URL(upstream.url).host },
    })
    expect(upstream.requests[0]?.headers.cookie).toBeUndefined()
    expect(front.tokens.asked).toEqual([
      { ticket: 't1', request: { kind: 'service', audience: 'https://api.example' } },
    ])
  })

  it('leaves everything else to the next handler', async () => {
    await using upstream = await startUpstream()
    await using front = await startFront({ routes: [route({ target: upstream.url })] })

    for (const path of ['/', '/apix', '/API/x', '/auth/session', '/assets/api/x']) {
      const response = await request(front.url).get(path)
      expect([path, response.status, response.text]).toEqual([path, 404, 'not ours'])
    }
    expect(upstream.requests).toEqual([])
  })

  it('sends a body up as it came', async () => {
    await using upstream = await startUpstream()
    await using front = await startFront({ routes: [route({ target: upstream.url })] })

    await request(front.url).post('/api/notes').set(front.member).send({ text: '안녕' }).expect(200)

    expect(upstream.requests[0]?.body).toBe('{"text":"안녕"}')
    expect(upstream.requests[0]?.headers['content-length']).toBe('17')
  })

  it('works the same when session and token come later', async () => {
    await using upstream = await startUpstream()
    await using front = await startFront({ routes: [route({ target: upstream.url })] })
    front.sessions.slowDown()
    front.tokens.answer = async () => 'LATE'

    await request(front.url).post('/api/notes').set(front.member).send({ text: 'x' }).expect(200)

    expect(upstream.requests[0]).toMatchObject({
      body: '{"text":"x"}',
      headers: { authorization: 'Bearer LATE' },
    })
  })

  it('puts the path of the target in front, and takes the prefix of the route away where told', async () => {
    await using upstream = await startUpstream()
    await using front = await startFront({
      routes: [
        route({ path: '/api', target: `${upstream.url}/v1/` }),
        route({ path: '/files', target: `${upstream.url}/store`, stripPrefix: true }),
      ],
    })

    for (const path of ['/api/x', '/files/a%2Fb?c=/d', '/%66iles/y', '/files', '/files?x'])
      await request(front.url).get(path).set(front.member).expect(200)

    expect(upstream.requests.map(({ url }) => url)).toEqual([
      '/v1/api/x',
      '/store/a%2Fb?c=/d',
      '/store/y',
      '/store',
      '/store?x',
    ])
    const prefixes = upstream.requests.map(({ headers }) => headers['x-forwarded-prefix'])
    expect(prefixes).toEqual([undefined, '/files', '/files', '/files', '/files'])
  })
})
