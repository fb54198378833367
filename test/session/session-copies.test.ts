import { describe, expect, it } from '@jest/globals'
import { createSessionCopies } from '../../src/session/session-copies.ts'
import type { Looked } from '../../src/session/ticketed-records.ts'
import { member } from './room.ts'

/** A store whose answers and notices come exactly when the test says. */
function createStage(options: { maxEntries?: number; maxBytes?: number } = {}) {
  const asked: ((looked: Looked) => void)[] = []
  const listeners: { changed(handle: string): void; lost(): void }[] = []
  let elapsed = 0
  let believableMs = 10_000
  let unheardMs = 0
  const copies = createSessionCopies({
    tickets: {
      look() {
        const { promise, resolve } = Promise.withResolvers<Looked>()
        asked.push(resolve)
        return promise
      },
    },
    notices: {
      believableMs: () => believableMs,
      unheardMs: () => unheardMs,
      listen: (listener) => void listeners.push(listener),
    },
    elapsed: () => elapsed,
    ...options,
  })
  return {
    copies,
    asked,
    changed: (handle: string) => listeners.forEach((listener) => void listener.changed(handle)),
    lost: () => listeners.forEach((listener) => void listener.lost()),
    pass(ms: number) {
      elapsed += ms
    },
    believe(ms: number) {
      believableMs = ms
    },
    silence(ms: number) {
      unheardMs = ms
    },
  }
}

function looked(revision: number, size = 100): Looked {
  const open = { ticket: 't', handle: 'h', createdAt: 0, seenAt: 0, session: member() }
  return { open, device: '', revision, stale: false, size }
}

describe('copies of sessions', () => {
  it('answer from memory after one read', async () => {
    const { copies, asked } = createStage()
    const reading = copies.look('t', 'h')
    asked[0]?.(looked(1))
    await reading
    expect(copies.get('h')).toMatchObject({ revision: 1 })
  })

  it('read once for many who ask at the same time', async () => {
    const { copies, asked } = createStage()
    const readings = Array.from({ length: 100 }, () => copies.look('t', 'h'))
    expect(asked).toHaveLength(1)
    asked[0]?.(looked(1))
    expect(await Promise.all(readings)).toHaveLength(100)
  })

  // read ──▶ Redis answers ──▶ (answer under way)
  //                 logout ──▶ notice ──▶ the answer arrives last, older than the notice
  it('do not keep an answer that a notice has overtaken', async () => {
    const { copies, asked, changed } = createStage()
    const reading = copies.look('t', 'h')
    changed('h')
    asked[0]?.(looked(1))
    await reading
    expect(copies.get('h')).toBeUndefined()
  })

  it('do not let anybody join a read that a notice has overtaken', async () => {
    const { copies, asked, changed } = createStage()
    const before = copies.look('t', 'h')
    changed('h')
    const after = copies.look('t', 'h')
    expect(asked).toHaveLength(2)
    asked[0]?.(looked(1))
    asked[1]?.(looked(2))
    await Promise.all([before, after])
    expect(copies.get('h')).toMatchObject({ revision: 2 })
  })

  it('do not keep an answer that was under way when notices were lost', async () => {
    const { copies, asked, lost } = createStage()
    const reading = copies.look('t', 'h')
    lost()
    asked[0]?.(looked(1))
    await reading
    expect(copies.get('h')).toBeUndefined()
  })

  it('do not keep an answer to what this process has changed meanwhile', async () => {
    const { copies, asked } = createStage()
    const reading = copies.look('t', 'h')
    copies.drop('h')
    asked[0]?.(looked(1))
    await reading
    expect(copies.get('h')).toBeUndefined()
  })

  it('are forgotten at a notice, and all of them when notices were lost', async () => {
    const { copies, asked, changed, lost } = createStage()
    for (const handle of ['a', 'b', 'c']) {
      const reading = copies.look('t', handle)
      asked.pop()?.(looked(1))
      await reading
    }
    changed('a')
    expect(['a', 'b', 'c'].map((handle) => copies.get(handle) !== undefined)).toEqual([false, true, true])
    lost()
    expect(['a', 'b', 'c'].map((handle) => copies.get(handle) !== undefined)).toEqual([false, false, false])
  })

  it('are believed only as long as the store says, counted from before the read', async () => {
    const { copies, asked, pass, believe } = createStage()
    const reading = copies.look('t', 'h')
    pass(400)
    asked[0]?.(looked(1))
    await reading
    pass(9_599)
    expect(copies.get('h')).toBeDefined()
    pass(1)
    expect(copies.get('h')).toBeUndefined()
    believe(0)
    expect(copies.get('h')).toBeUndefined()
  })

  it('stay within their number and their bytes', async () => {
    for (const [options, kept] of [
      [{ maxEntries: 3 }, 3],
      [{ maxBytes: 10_000 }, 3],
    ] as const) {
      const { copies, asked } = createStage(options)
      for (let index = 0; index < 50; index += 1) {
        const reading = copies.look('t', `h${index}`)
        asked.pop()?.(looked(1, 1_000))
        await reading
      }
      const found = Array.from({ length: 50 }, (_, index) => copies.get(`h${index}`)).filter(Boolean)
      expect(found).toHaveLength(kept)
    }
  })

  it('know how many there are of each state, however they go', async () => {
    const { copies, asked, changed, lost } = createStage({ maxEntries: 3, maxBytes: 20_000 })
    const read = async (handle: string, answer: Looked) => {
      const reading = copies.look('t', handle)
      asked.pop()?.(answer)
      await reading
    }
    const counted = () => copies.figures.copies()
    await read('a', looked(1))
    await read('a', looked(2))
    await read('gone', { open: undefined, reason: 'expired' })
    expect(counted()).toEqual({ registering: 0, member: 1 })
    await read('b', looked(1))
    await read('c', looked(1))
    await read('d', looked(1))
    expect(counted()).toEqual({ registering: 0, member: 3 })
    await read('too large', looked(1, 100_000))
    expect(counted()).toEqual({ registering: 0, member: 3 })
    changed('d')
    copies.drop('c')
    expect(counted()).toEqual({ registering: 0, member: 1 })
    lost()
    expect(counted()).toEqual({ registering: 0, member: 0 })
  })

  it('say how stale they were at most: as old as what was answered, if no notice could be heard for so long', async () => {
    const { copies, asked, pass, silence } = createStage()
    const reading = copies.look('t', 'h')
    asked[0]?.(looked(1))
    await reading
    const stalest = (ageMs: number, unheardMs: number) => {
      pass(ageMs)
      silence(unheardMs)
      copies.get('h')
      return copies.figures.stalestMs()
    }
    expect(stalest(700, 1_200)).toBe(700)
    expect(copies.figures.stalestMs()).toBe(0)
    expect(stalest(5_000, 1_200)).toBe(1_200)
    expect(stalest(5_000, 1_200)).toBe(0)
  })
})
