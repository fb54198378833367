import { afterAll, describe, expect, it } from '@jest/globals'
import { createClient } from 'redis'
import { clientNetwork } from '../../src/ops/client-network.ts'
import { limitRate } from '../../src/ops/limit-rate.ts'
import { createRateLimiter, type RateLimiter } from '../../src/ops/rate-limiter.ts'
import { startRedis } from '../support/redis-server.ts'
import { freshPrefix, redisUrl } from '../support/services.ts'

const newClient = (url: string) => createClient({ url, disableOfflineQueue: true })
const clients: ReturnType<typeof newClient>[] = []

async function connect(url = redisUrl()) {
  const client = newClient(url)
  client.on('error', () => {})
  await client.connect()
  clients.push(client)
  return client
}

afterAll(() => {
  for (const client of clients) client.destroy()
})

async function allowedOf(limiter: RateLimiter, times: number, address = '192.0.2.1') {
  const results = []
  for (let n = 0; n < times; n += 1) results.push(await limiter.check(address))
  return results.map(({ allowed }) => allowed)
}

const stores = {
  memory: async () => undefined,
  Redis: () => connect(),
}

describe.each(Object.entries(stores))('the rate limit in %s', (_name, connected) => {
  const startedAt = Date.UTC(2026, 0, 1)

  async function limited(requests: number, windowMs = 60_000) {
    const time = { now: startedAt }
    const options = {
      requests,
      windowMs,
      redis: await connected(),
      prefix: freshPrefix(),
      clock: () => time.now,
    }
    return { time, options, limiter: createRateLimiter(options) }
  }

  it('lets so many requests of a client pass, then says when the next will', async () => {
    const { limiter, time } = await limited(3)
    time.now += 20_000
    expect(await allowedOf(limiter, 5)).toEqual([true, true, true, false, false])
    expect(await limiter.check('192.0.2.1')).toEqual({ allowed: false, retryAfterSeconds: 40 })
    time.now += 40_000
    expect(await allowedOf(limiter, 4)).toEqual([true, true, true, false])
  })

  it('counts each client for itself, an IPv6 one by its /64', async () => {
    const { limiter } = await limited(1)
    expect(await allowedOf(limiter, 1, '192.0.2.1')).toEqual([true])
    expect(await allowedOf(limiter, 1, '192.0.2.2')).toEqual([true])
    expect(await allowedOf(limiter, 1, '2001:db8:1:2::1')).toEqual([true])
    expect(await allowedOf(limiter, 1, '2001:db8:1:2:ffff::9')).toEqual([false])
    expect(await allowedOf(limiter, 1, '2001:db8:1:3::1')).toEqual([true])
  })

  it('lets exactly so many of those pass that come together', async () => {
    const { limiter } = await limited(10)
    const results = await Promise.all(Array.from({ length: 50 }, () => limiter.check('192.0.2.1')))
    expect(results.filter(({ allowed }) => allowed)).toHaveLength(10)
  })
})

describe('the rate limit of a fleet', () => {
  it('is one for all instances', async () => {
    const prefix = freshPrefix()
    const instance = async () =>
      createRateLimiter({ requests: 4, windowMs: 60_000, redis: await connect(), prefix, clock: () => 0 })
    const [one, other] = [await instance(), await instance()]
    expect(await allowedOf(one, 3)).toEqual([true, true, true])
    expect(await allowedOf(other, 3)).toEqual([true, false, false])
  })

  it('limits nobody while Redis is frozen or gone, and is quick about it', async () => {
    const redis = await startRedis()
    try {
      const client = await connect(redis.url)
      const limiter = createRateLimiter({
        requests: 1,
        windowMs: 60_000,
        redis: client,
        prefix: 'x:',
        clock: () => 0,
      })
      expect(await allowedOf(limiter, 1)).toEqual([true])
      redis.freeze()
      const started = performance.now()
      expect(await allowedOf(limiter, 2, '192.0.2.9')).toEqual([true, true])
      expect(performance.now() - started).toBeLessThan(1_000)
      await redis.kill()
      expect(await allowedOf(limiter, 2, '192.0.2.10')).toEqual([true, true])
    } finally {
      await redis.stop()
    }
  })
})

describe('limitRate', () => {
  it('answers 429 with Retry-After, and counts it', async () => {
    const limiter = createRateLimiter({ requests: 1, windowMs: 30_000, prefix: '', clock: () => 0 })
    let counted = 0
    const middleware = limitRate(
      limiter,
      () => '192.0.2.1',
      () => {
        counted += 1
      },
    )
    type Handler = (...args: unknown[]) => Promise<void>
    const run = () =>
      new Promise((resolve, reject) => {
        ;(middleware as unknown as Handler)({}, {}, resolve).catch(reject)
      })
    await run()
    await expect(run()).rejects.toMatchObject({
      code: 'rate-limited',
      status: 429,
      headers: { 'Retry-After': '30' },
    })
    expect(counted).toBe(1)
  })
})

describe('clientNetwork', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::ffff:c000:201', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:0001:2::', '2001:db8:1:2::/64'],
    ['2001:db8::5', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['not an address', 'not an address'],
  ])('%s is %s', (address, network) => expect(clientNetwork(address)).toBe(network))
})
