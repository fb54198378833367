import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { batchLines } from '../../src/ops/line-batch.ts'

describe('lines', () => {
  beforeEach(() => void jest.useFakeTimers())
  afterEach(() => void jest.useRealTimers())

  function batch() {
    const written: string[] = []
    const lines = batchLines({ write: (text) => written.push(text) }, { most: 10, ms: 100 })
    return { written, lines }
  }

  it('go out together, in their order, when there are enough of them', () => {
    const { written, lines } = batch()
    for (const line of ['one\n', 'two\n', 'three\n', 'four\n']) lines.write(line)
    expect(written).toEqual(['one\ntwo\nthree\n'])
  })

  it('wait for others, but not for long', () => {
    const { written, lines } = batch()
    lines.write('one\n')
    jest.advanceTimersByTime(60)
    lines.write('two\n')
    expect(written).toEqual([])
    jest.advanceTimersByTime(40)
    expect(written).toEqual(['one\ntwo\n'])
    jest.advanceTimersByTime(1_000)
    expect(written).toEqual(['one\ntwo\n'])
  })

  it('are handed over at once when somebody asks, and not twice', () => {
    const { written, lines } = batch()
    lines.write('one\n')
    lines.flush()
    lines.flush()
    jest.advanceTimersByTime(1_000)
    expect(written).toEqual(['one\n'])
  })
})
