import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from '@jest/globals'
import { createDrain } from '../../src/http/drain.ts'
import { type Fates, sendNewcomers } from '../support/newcomers.ts'

describe('a server that stops listening', () => {
  it('does so between newcomers: who has sent a request is answered, who comes later is refused', async () => {
    const total = { answered: 0, refused: 0, lost: 0 }
    for (let round = 0; round < 5; round += 1) {
      const server = createServer((req, res) => {
        req.resume()
        res.end()
      })
      const drain = createDrain(server)
      await once(server.listen(0, '127.0.0.1'), 'listening')
      const fates = sendNewcomers((server.address() as AddressInfo).port)
      await once(server, 'connection')
      // At the worst moment: nine more have come meanwhile.
      for (const until = performance.now() + 50; performance.now() < until; );
      await drain.begin()
      for (const [fate, count] of Object.entries(await fates)) total[fate as keyof Fates] += count
      await drain.closed
    }
    expect(total.answered).toBeGreaterThanOrEqual(5)
    expect(total.refused).toBeGreaterThanOrEqual(5)
    // Closing on the spot loses about forty. Only the kernel could lose none for certain.
    expect(total.lost).toBeLessThanOrEqual(1)
  })
})
