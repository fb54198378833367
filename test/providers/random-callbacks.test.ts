import { randomBytes, randomInt } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { ProviderError } from '../../src/providers/provider.ts'
import { finish, type Room, reachCallback, startRoom } from './room.ts'

let room: Room
beforeAll(async () => {
  room = await startRoom({ ids: ['kakao', 'google'] })
})
afterAll(() => room.close())

/** Cuts, doubles, flips or inserts a few bytes. */
function mutated(query: string): string {
  let text = query
  for (let times = randomInt(1, 6); times > 0; times--) {
    const at = randomInt(text.length + 1)
    const to = at + randomInt(20)
    const piece = [
      text.slice(at, to),
      randomBytes(4).toString('latin1'),
      '&',
      '=',
      '%',
      '%00',
      '#',
      '&state=',
      '&error=x',
    ][randomInt(9)] as string
    text = randomInt(2)
      ? text.slice(0, at) + piece + text.slice(at)
      : text.slice(0, at) + piece + text.slice(to)
  }
  return text
}

it('whatever a callback looks like, it ends in a class of ours or in the person who agreed', async () => {
  for (const id of ['kakao', 'google']) {
    const provider = room.provider(id)
    const { query, checks } = await reachCallback(provider, room.simulated(id))
    for (let round = 0; round < 400; round++) {
      const other = mutated(query)
      const ended = await finish(provider, other, checks).catch((error: unknown) => error)
      const known = ended instanceof ProviderError || (ended as { identity?: unknown }).identity !== undefined
      if (!known) throw new Error(`${JSON.stringify(other)} ended in ${String(ended)}`)
    }
  }
  expect(room.log.lines).toEqual([])
})
