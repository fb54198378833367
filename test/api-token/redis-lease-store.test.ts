import { describe, expect, it } from '@jest/globals'
import { createRedisLeaseStore } from '../../src/api-token/redis-lease-store.ts'

describe('leases in Redis', () => {
  it('say of each command how long it took and whether it was answered', async () => {
    let down = false
    const answer = async (value: unknown) => {
      if (down) throw new Error('Redis is away')
      return value
    }
    const observed: boolean[] = []
    const store = createRedisLeaseStore(
      { set: () => answer('OK'), eval: () => answer(1) },
      'x:',
      (durationMs, ok) => {
        expect(durationMs).toBeGreaterThan(0)
        observed.push(ok)
      },
    )
    expect(await store.take('key', 'me', 1_000)).toBe(true)
    expect(await store.extend('key', 'me', 1_000)).toBe(true)
    down = true
    await expect(store.drop('key', 'me')).rejects.toThrow('away')
    expect(observed).toEqual([true, true, false])
  })
})
