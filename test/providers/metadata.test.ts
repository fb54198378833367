import { afterEach, describe, expect, it } from '@jest/globals'
import { type Fault, faults } from '../../src/testing/faults.ts'
import { finish, type Room, reachCallback, startRoom } from './room.ts'

let room: Room
afterEach(() => room.close())

describe('a provider’s metadata', () => {
  it('that cannot be had at the start stop nobody else, and the provider recovers by itself', async () => {
    room = await startRoom({
      ids: ['acme', 'kakao'],
      prepare: (simulated) => simulated('acme').fail('metadata', faults.answer(503)),
    })
    await expect(room.login('kakao')).resolves.toBeDefined()
    await expect(room.provider('acme').authorize('login')).rejects.toMatchObject({ failure: 'unavailable' })
    room.simulated('acme').recover()
    await expect(room.login('acme')).resolves.toBeDefined()
  })

  it('are asked for once by all who need them at once', async () => {
    room = await startRoom({ ids: ['acme'] })
    await Promise.all(Array.from({ length: 20 }, () => room.provider('acme').authorize('login')))
    expect(room.simulated('acme').requestsTo('metadata')).toHaveLength(1)
  })

  it('are asked for again every hour, while the old ones serve', async () => {
    room = await startRoom({ ids: ['acme'] })
    await room.login('acme')
    room.advance(60 * 60_000)
    room.simulated('acme').fail('metadata', faults.answer(503))
    await expect(room.login('acme')).resolves.toBeDefined()
    expect(room.simulated('acme').requestsTo('metadata')).toHaveLength(2)
    expect(room.log.lines).toContainEqual({
      event: 'provider.metadata-unavailable',
      fields: { provider: 'acme', reason: 'http-503' },
    })
  })

  it.each<[string, Fault]>([
    ['an error', faults.answer(500)],
    ['HTML', faults.answer(200, '<html>')],
    ['a redirect', faults.redirect('http://127.0.0.1:1/')],
    ['50 MB', faults.oversized()],
    ['a gzip bomb', faults.gzipBomb()],
    ['silence', faults.silence()],
    ['half a document', faults.stall()],
    ['another issuer', faults.change((body) => ({ ...body, issuer: 'https://evil.example' }))],
    ['the issuer with a slash', faults.change((body) => ({ ...body, issuer: `${body['issuer']}/` }))],
    ['no token endpoint', faults.change(({ token_endpoint: _, ...body }) => body)],
    [
      'a token endpoint in the clear',
      faults.change((body) => ({ ...body, token_endpoint: 'http://idp.example/token' })),
    ],
    [
      'a script for a page',
      faults.change((body) => ({ ...body, authorization_endpoint: 'javascript:alert(1)' })),
    ],
  ])('that are %s are none', async (_, fault) => {
    room = await startRoom({
      ids: ['acme'],
      callTimeoutMs: 500,
      prepare: (simulated) => simulated('acme').fail('metadata', fault),
    })
    await expect(room.provider('acme').authorize('login')).rejects.toMatchObject({ failure: 'unavailable' })
  })

  it('can be replaced one by one', async () => {
    room = await startRoom({
      ids: ['acme'],
      configure: (config) => ({ ...config, endpoints: { authorization: 'https://login.example/authorize' } }),
    })
    const { url } = await room.provider('acme').authorize('login')
    expect(url.origin).toBe('https://login.example')
  })

  it('of Kakao, Naver and Google are never asked for', async () => {
    room = await startRoom({ ids: ['kakao', 'naver', 'google'] })
    for (const id of ['kakao', 'naver', 'google']) {
      await room.login(id)
      expect(room.simulated(id).requestsTo('unknown')).toEqual([])
    }
  })

  it('tell which origins forms may lead to', async () => {
    room = await startRoom({ ids: ['kakao', 'acme'] })
    await room.provider('acme').authorize('login')
    expect(room.providers.formOrigins()).toEqual([
      room.simulated('kakao').origin,
      room.simulated('acme').origin,
    ])
  })
})

describe('a changed issuer', () => {
  it('changes what ID tokens must say, and no address', async () => {
    room = await startRoom({
      ids: ['kakao'],
      configure: (config) => ({ ...config, issuer: 'https://kauth.example' }),
    })
    const { query, checks } = await reachCallback(room.provider('kakao'), room.simulated('kakao'))
    room.simulated('kakao').makeIdToken((claims) => ({ ...claims, iss: 'https://kauth.example' }))
    await expect(finish(room.provider('kakao'), query, checks)).resolves.toBeDefined()
    expect(room.simulated('kakao').requestsTo('unknown')).toEqual([])
  })
})

describe('a button', () => {
  it('has the provider’s name, unless another is configured', async () => {
    room = await startRoom({ ids: ['kakao', 'naver', 'google', 'my-company'] })
    expect([...room.providers.all.values()].map(({ name }) => name)).toEqual([
      'Kakao',
      'Naver',
      'Google',
      'My Company',
    ])
    await room.close()
    room = await startRoom({ ids: ['kakao'], configure: (config) => ({ ...config, name: '카카오' }) })
    expect(room.provider('kakao').name).toBe('카카오')
  })
})
