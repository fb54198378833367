import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from '@jest/globals'
import { gathered } from '../../src/session/gathered.ts'

const doubling = () => {
  const rounds: (readonly number[])[] = []
  const run = async (calls: readonly number[]) => {
    rounds.push(calls)
    if (calls.includes(13)) throw new Error('thirteen')
    return calls.map((call) => call * 2)
  }
  return { rounds, run }
}

describe('calls that come together', () => {
  it('go out as one, and each gets its own reply', async () => {
    const { rounds, run } = doubling()
    const double = gathered(run, setImmediate)
    expect(await Promise.all([double(1), double(2), double(3)])).toEqual([2, 4, 6])
    expect(rounds).toEqual([[1, 2, 3]])
  })

  it('are not kept waiting for those of the next turn', async () => {
    const { rounds, run } = doubling()
    const double = gathered(run, setImmediate)
    const first = double(1)
    await turn()
    const second = double(2)
    expect(await Promise.all([first, second])).toEqual([2, 4])
    expect(rounds).toEqual([[1], [2]])
  })

  it('fail together, and the next ones are tried again', async () => {
    const { run } = doubling()
    const double = gathered(run, setImmediate)
    const outcomes = await Promise.allSettled([double(1), double(13)])
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(await double(2)).toBe(4)
  })

  it('are shared among rounds of bounded size', async () => {
    const { rounds, run } = doubling()
    const double = gathered(run, setImmediate, 2)
    expect(await Promise.all([1, 2, 3, 4, 5].map(double))).toEqual([2, 4, 6, 8, 10])
    expect(rounds).toEqual([[1, 2], [3, 4], [5]])
  })
})
