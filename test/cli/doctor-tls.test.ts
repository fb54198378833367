import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createWorld, type World } from '../../src/testing/world.ts'
import { redisUrl } from '../support/services.ts'
import { coatcheck } from './terminal.ts'

let world: World
beforeAll(async () => {
  world = await createWorld({ providers: ['google'] })
})
afterAll(() => world.close())

describe('a Redis without TLS behind rediss://', () => {
  it('is named for what it is', async () => {
    const env = { ...world.env, REDIS_URL: redisUrl().replace('redis:', 'rediss:') }
    const { code, out } = await coatcheck('doctor', env, world.now)
    expect(code).toBe(1)
    expect(out.join(' ')).toMatch(/FAILED +redis: .*→ .*TLS/)
  })
})
