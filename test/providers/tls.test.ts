import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer, type Server } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createBoundedFetch } from '../../src/providers/bounded-fetch.ts'

let server: Server
let url: string
let reached = 0
beforeAll(async () => {
  // Without a certificate every handshake fails.
  server = createServer(() => {
    reached += 1
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/token`
})
afterAll(() => {
  server.close()
})

describe('a provider whose TLS fails', () => {
  it('is unavailable, hears nothing, and operators get the fault’s own code (ASVS V16.3.4)', async () => {
    const call = createBoundedFetch({ fetch, timeoutMs: 5_000 })
    await expect(call(url, { method: 'POST', body: 'client_secret=x' })).rejects.toMatchObject({
      name: 'ProviderError',
      failure: 'unavailable',
      providerCode: expect.stringMatching(/^ERR_SSL_/),
    })
    expect(reached).toBe(0)
  })

  it('is never asked in the clear instead', async () => {
    const asked: string[] = []
    const call = createBoundedFetch({
      fetch: async (target) => {
        asked.push(String(target))
        return new Response('{}')
      },
      timeoutMs: 5_000,
    })
    for (const address of ['http://idp.example/token', 'http://127.0.0.1.example.com/', 'ftp://idp.example/'])
      await expect(call(address)).rejects.toMatchObject({ providerCode: 'insecure-url' })
    expect(asked).toEqual([])
    await call('http://127.0.0.1:1/token')
    expect(asked).toEqual(['http://127.0.0.1:1/token'])
  })
})
