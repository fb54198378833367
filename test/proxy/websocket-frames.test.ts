import { describe, expect, it } from '@jest/globals'
import { closeFrame, FrameTracker } from '../../src/proxy/websocket-frames.ts'

/** A frame with a payload of `length` bytes. */
function frame(length: number, { opcode = 1, masked = false } = {}): Buffer {
  const size =
    length < 126
      ? Buffer.from([length])
      : length < 65_536
        ? Buffer.from([126, length >> 8, length & 0xff])
        : Buffer.from([
            127,
            0,
            0,
            0,
            0,
            length >> 24,
            (length >> 16) & 0xff,
            (length >> 8) & 0xff,
            length & 0xff,
          ])
  if (masked) size[0] = (size[0] as number) | 0x80
  return Buffer.concat([
    Buffer.from([0x80 | opcode]),
    size,
    masked ? Buffer.from([1, 2, 3, 4]) : Buffer.alloc(0),
    // A payload that looks like frames.
    Buffer.alloc(length, 0x88),
  ])
}

const lengths = [0, 1, 125, 126, 127, 65_535, 65_536, 100_000]

describe('following frames', () => {
  it.each(lengths.flatMap((length) => [false, true].map((masked) => [length, masked] as const)))(
    'finds the end of a frame of %i bytes (masked: %s), however it is cut',
    (length, masked) => {
      const bytes = frame(length, { masked })
      for (const step of [1, 2, 3, 7, 1000, bytes.length]) {
        const tracker = new FrameTracker()
        const boundaries: number[] = []
        for (let at = 0; at < bytes.length; at += step) {
          if (tracker.atBoundary) boundaries.push(at)
          tracker.follow(bytes.subarray(at, at + step))
        }
        expect(boundaries).toEqual([0])
        expect(tracker.atBoundary).toBe(true)
        expect(tracker.messages).toBe(1)
      }
    },
  )

  it('stops at the first boundary where told to', () => {
    const tracker = new FrameTracker()
    const first = frame(300)
    tracker.follow(first.subarray(0, 10))
    expect(tracker.follow(Buffer.concat([first.subarray(10), frame(5)]), true)).toBe(first.length - 10)
    expect(tracker.atBoundary).toBe(true)
  })

  it('tells messages from pings, pongs and closes', () => {
    const tracker = new FrameTracker()
    for (const opcode of [9, 10]) tracker.follow(frame(3, { opcode }))
    expect([tracker.messages, tracker.closed]).toEqual([0, false])
    for (const opcode of [0, 1, 2]) tracker.follow(frame(3, { opcode }))
    expect(tracker.messages).toBe(3)
    tracker.follow(frame(2, { opcode: 8 }))
    expect([tracker.messages, tracker.closed]).toEqual([3, true])
  })

  it('makes close frames as a server, and under a mask as a client', () => {
    expect([...closeFrame(4401)]).toEqual([0x88, 2, 0x11, 0x31])
    expect([...closeFrame(1001, Buffer.from([1, 2, 3, 4]))]).toEqual([0x88, 0x82, 1, 2, 3, 4, 0x02, 0xeb])
  })
})
