import { afterEach, describe, expect, it, jest } from '@jest/globals'
import { route } from './fakes.ts'
import { startFront } from './front.ts'
import { startUpstream } from './upstream.ts'

const megabytes = (count: number) => Buffer.alloc(count * 1024 * 1024, 120)
const collect = jest.fn()

describe('the buffers of large bodies', () => {
  const before = globalThis.gc
  afterEach(() => {
    globalThis.gc = before
    collect.mockClear()
  })

  it.each([
    ['an answer', 'GET', undefined, megabytes(50)],
    ['a request', 'POST', megabytes(50), Buffer.from('x')],
  ])(
    'of %s are collected every 8 MB, with the other young objects',
    async (_whose, method, sent, answered) => {
      await using upstream = await startUpstream()
      upstream.answer = (req, res) => void req.resume().once('end', () => res.end(answered))
      await using front = await startFront({ routes: [route({ target: upstream.url })] })
      globalThis.gc = collect as unknown as NodeJS.GCFunction
      const response = await fetch(`${front.url}/api/x`, {
        method,
        headers: front.member,
        ...(sent && { body: sent }),
      })
      expect((await response.arrayBuffer()).byteLength).toBe(answered.length)
      expect(collect.mock.calls.length).toBeGreaterThanOrEqual(5)
      expect(collect.mock.calls.length).toBeLessThanOrEqual(7)
      expect(collect).toHaveBeenCalledWith({ type: 'minor' })
    },
  )
})
