import { describe, expect, it } from '@jest/globals'
import { createClient } from 'redis'
import { formatRecord } from '../../src/session/record-store.ts'
import { redisUrl } from '../support/services.ts'
import { openArena, type Sabotage, total } from './interleavings.ts'

async function play(seeds: number, sabotage?: Sabotage) {
  const arena = await openArena(sabotage)
  const violations = []
  for (let seed = 0; seed < seeds; seed += 1) violations.push(await arena.run(seed))
  await arena.close()
  return total(violations)
}

describe('renewals, uses, logouts, sign-ups and sign-ins, interleaved over two instances', () => {
  it('bring back no session, lose no change, accept no ticket after its logout', async () => {
    expect(await play(250)).toEqual({ resurrected: 0, lostUpdates: 0, acceptedAfterLogout: 0 })
  })

  it('would, if the store wrote without comparing', async () => {
    const redis = createClient({ url: redisUrl() })
    await redis.connect()
    const blind: Sabotage = ({ records }, prefix) => ({
      ...records,
      async write(handle, { replaces, seenAt, sealed, ttlMs }) {
        const value = formatRecord({ state: 'live', revision: replaces + 1, seenAt, sealed })
        await redis.set(`${prefix}session:${handle}`, value, { PX: ttlMs })
        return 'written'
      },
    })
    const { resurrected, lostUpdates } = await play(100, blind)
    redis.destroy()
    expect(resurrected).toBeGreaterThan(0)
    expect(lostUpdates).toBeGreaterThan(0)
  })
})
