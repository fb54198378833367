import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import type { Session } from '../../src/browser/client.ts'
import { createSessionStore } from '../../src/browser/session-store.ts'
import { member } from './fake-server.ts'

/** Channels that deliver at once, to all others of their name. */
class InstantChannel extends EventTarget {
  static readonly open = new Set<InstantChannel>()
  readonly name: string
  constructor(name: string) {
    super()
    this.name = name
    InstantChannel.open.add(this)
  }
  postMessage(data: unknown) {
    for (const other of InstantChannel.open)
      if (other !== this && other.name === this.name)
        other.dispatchEvent(Object.assign(new Event('message'), { data }))
  }
}

const page = Object.assign(new EventTarget(), { hidden: false })
const real = { BroadcastChannel, document: globalThis.document }

beforeEach(() => {
  jest.useFakeTimers({ now: Date.parse('2026-01-01T00:00:00Z') })
  InstantChannel.open.clear()
  Object.assign(globalThis, { BroadcastChannel: InstantChannel, document: page })
})
afterEach(() => {
  jest.useRealTimers()
  Object.assign(globalThis, real)
})

/** A browser's tabs: one cookie jar, a store in each. */
function browser(tabs: number) {
  const server: { session: Session; looks: number; down: boolean } = {
    session: { state: 'anonymous' },
    looks: 0,
    down: false,
  }
  const stores = Array.from({ length: tabs }, () =>
    createSessionStore(async () => {
      server.looks++
      if (server.down) throw new Error('down')
      return server.session
    }, 'coatcheck /auth'),
  )
  return { server, stores }
}

const settle = () => jest.advanceTimersByTimeAsync(0)
const states = (stores: readonly { get(): Session }[]) => stores.map((store) => store.get().state)

describe('tabs', () => {
  it('learn at once that another one signed in or out', async () => {
    const { server, stores } = browser(3)
    await Promise.all(stores.map((store) => store.refresh()))
    server.session = member
    await stores[0]?.refresh()
    await settle()
    expect(states(stores)).toEqual(['member', 'member', 'member'])
    server.session = { state: 'anonymous' }
    stores[1]?.set({ state: 'anonymous', reason: 'signed-out' })
    await settle()
    expect(states(stores)).toEqual(['anonymous', 'anonymous', 'anonymous'])
  })

  it('that know already do not ask again', async () => {
    const { server, stores } = browser(3)
    server.session = member
    await Promise.all(stores.map((store) => store.refresh()))
    await settle()
    const looks = server.looks
    await stores[0]?.refresh()
    await settle()
    expect(server.looks).toBe(looks + 1)
  })
})

describe('a page', () => {
  it('looks when the session should have ended, which does not extend it', async () => {
    const { server, stores } = browser(1)
    server.session = { ...member, expiresAt: '2026-01-01T01:00:00Z' }
    await stores[0]?.refresh()
    await jest.advanceTimersByTimeAsync(3_599_000)
    expect(server.looks).toBe(1)
    server.session = { state: 'anonymous', reason: 'expired' }
    await jest.advanceTimersByTimeAsync(3_000)
    expect(states(stores)).toEqual(['anonymous'])
  })

  it('with a clock that runs ahead does not ask all the time', async () => {
    const { server, stores } = browser(1)
    server.session = { ...member, expiresAt: '2025-12-31T00:00:00Z' }
    await stores[0]?.refresh()
    await jest.advanceTimersByTimeAsync(60_000)
    expect(server.looks).toBeLessThanOrEqual(3)
  })

  it('looks when it is seen again after a while', async () => {
    const { server, stores } = browser(1)
    await stores[0]?.refresh()
    page.dispatchEvent(new Event('visibilitychange'))
    await settle()
    expect(server.looks).toBe(1)
    await jest.advanceTimersByTimeAsync(60_000)
    server.session = member
    page.dispatchEvent(new Event('visibilitychange'))
    await settle()
    expect(states(stores)).toEqual(['member'])
  })

  it('asks again by itself while the server cannot tell', async () => {
    const { server, stores } = browser(1)
    server.down = true
    await expect(stores[0]?.refresh()).rejects.toThrow('down')
    expect(states(stores)).toEqual(['unavailable'])
    await jest.advanceTimersByTimeAsync(5_000)
    expect(states(stores)).toEqual(['unavailable'])
    server.down = false
    await jest.advanceTimersByTimeAsync(5_000)
    expect(states(stores)).toEqual(['anonymous'])
  })
})
