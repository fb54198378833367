import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { EndedRecord, RecordStore } from '../../src/session/record-store.ts'
import { formatRecord, parseRecord } from '../../src/session/record-store.ts'
import { createTestClock, day, eventually, openRecords, shelves } from './room.ts'

const ended: EndedRecord = { state: 'ended', reason: 'signed-out', at: 7 }
const record = (replaces: number, sealed = 'sealed', seenAt = 1) => ({ replaces, seenAt, sealed, ttlMs: day })

describe.each(shelves)('the record store in %s', (_name, redis) => {
  let shelf: Awaited<ReturnType<typeof openRecords>>
  let records: RecordStore
  const clock = createTestClock()
  beforeAll(async () => {
    shelf = await openRecords(redis(), clock)
    records = shelf.records
  })
  afterAll(() => shelf.close())

  async function written(): Promise<string> {
    const handle = randomUUID()
    expect(await records.write(handle, record(0))).toBe('written')
    return handle
  }

  it('knows nothing of a handle that was never written', async () => {
    expect(await records.read(randomUUID())).toBeUndefined()
  })

  it('creates a record with revision 1', async () => {
    expect(await records.read(await written())).toEqual({
      state: 'live',
      revision: 1,
      seenAt: 1,
      sealed: 'sealed',
    })
  })

  it('creates only where nothing is', async () => {
    const handle = await written()
    expect(await records.write(handle, record(0, 'another'))).toBe('gone')
    expect(await records.read(handle)).toMatchObject({ sealed: 'sealed' })
  })

  it('replaces the revision that was read', async () => {
    const handle = await written()
    expect(await records.write(handle, record(1, 'newer'))).toBe('written')
    expect(await records.read(handle)).toMatchObject({ revision: 2, sealed: 'newer' })
  })

  it('replaces no other revision', async () => {
    const handle = await written()
    await records.write(handle, record(1, 'newer'))
    expect(await records.write(handle, record(1, 'older'))).toBe('conflict')
    expect(await records.read(handle)).toMatchObject({ revision: 2, sealed: 'newer' })
  })

  it('lets one of many writers of one revision win', async () => {
    const handle = await written()
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => records.write(handle, record(1))))
    expect(outcomes.filter((outcome) => outcome === 'written')).toHaveLength(1)
    expect(outcomes.filter((outcome) => outcome === 'conflict')).toHaveLength(19)
  })

  it('replaces nothing where there is nothing', async () => {
    expect(await records.write(randomUUID(), record(1))).toBe('gone')
  })

  it('never brings back what has ended', async () => {
    const handle = await written()
    expect(await records.end(handle, ended)).toBe(true)
    expect(await records.write(handle, record(1))).toBe('gone')
    expect(await records.write(handle, record(0))).toBe('gone')
    await records.slide(handle, 99, day)
    expect(await records.read(handle)).toEqual(ended)
  })

  it('keeps the reason of the first end', async () => {
    const handle = await written()
    await records.end(handle, ended)
    expect(await records.end(handle, { ...ended, reason: 'expired' })).toBe(false)
    expect(await records.read(handle)).toEqual(ended)
  })

  it('ends what is not there yet: a session that is being begun does not begin', async () => {
    const handle = randomUUID()
    expect(await records.end(handle, ended)).toBe(false)
    expect(await records.write(handle, record(0))).toBe('gone')
  })

  it('slides forward only, and keeps revision and content', async () => {
    const handle = await written()
    await records.slide(handle, 50, day)
    await records.slide(handle, 40, day)
    expect(await records.read(handle)).toEqual({ state: 'live', revision: 1, seenAt: 50, sealed: 'sealed' })
  })

  it('keeps a later use when an earlier reader writes', async () => {
    const handle = await written()
    await records.slide(handle, 50, day)
    await records.write(handle, record(1, 'newer', 1))
    expect(await records.read(handle)).toMatchObject({ seenAt: 50, sealed: 'newer' })
  })

  it.each([
    ['a write', (handle: string) => records.write(handle, record(1))],
    ['a slide', (handle: string) => records.slide(handle, 50, day)],
    ['an end', (handle: string) => records.end(handle, ended)],
  ])('gives notice of %s to whoever has read', async (_what, change) => {
    const handle = await written()
    const told: string[] = []
    shelf.notices.listen({ changed: (one) => told.push(one), lost: () => undefined })
    await records.read(handle)
    await change(handle)
    await eventually(() => told.includes(handle))
  })
})

describe('a stored value', () => {
  it.each([{ state: 'live', revision: 12, seenAt: 1_700_000_000_000, sealed: 'abc' } as const, ended])(
    'is read as it was written: %j',
    (value) => {
      expect(parseRecord(formatRecord(value))).toEqual(value)
    },
  )

  it.each(['', 'x', '1:2', '1:2:', 'x:2:abc', '0:2:abc', '1:x:abc', '::'])(
    'is known to be damaged: %j',
    (value) => {
      expect(parseRecord(value)).toEqual({ state: 'damaged' })
    },
  )
})
