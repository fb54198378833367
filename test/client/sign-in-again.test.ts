import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { type Anonymous, createClient } from '../../src/browser/client.ts'
import { fakeServer, member, problem } from './fake-server.ts'

const page = globalThis as { location?: unknown; sessionStorage?: unknown }
const place = '/notes?q=1#write'
const toLogin = '/login?returnTo=%2Fnotes%3Fq%3D1%23write'

let tab: Map<string, string>
beforeEach(() => {
  jest.useFakeTimers()
  tab = new Map()
  page.sessionStorage = {
    getItem: (key: string) => tab.get(key) ?? null,
    setItem: (key: string, value: string) => tab.set(key, value),
    removeItem: (key: string) => tab.delete(key),
  }
})
afterEach(() => {
  jest.useRealTimers()
  delete page.location
  delete page.sessionStorage
})

/** The tab loads a page of the app. */
async function load(url: string, state: object = member) {
  const { pathname, search, hash } = new URL(url, 'http://localhost')
  page.location = { pathname, search, hash, href: `http://localhost${url}`, origin: 'http://localhost' }
  const server = fakeServer()
  const went: string[] = []
  const ended: Anonymous[] = []
  const client = createClient({
    fetch: server.fetch,
    navigate: (target) => went.push(target),
    onSessionEnded: (session) => ended.push(session),
    signInAgain: '/login',
  })
  server.on('/auth/session', () => Response.json(state))
  await client.session.refresh()
  return {
    client,
    server,
    went,
    ended,
    /** Its session is over, and the page's calls find out. */
    async end(reason = 'expired') {
      server.on('/auth/session', () => Response.json({ state: 'anonymous', reason }))
      server.on('/api/x', () => problem(401, 'session-required'))
      await Promise.allSettled(Array.from({ length: 5 }, () => client.fetch('/api/x')))
    },
  }
}

describe('a page whose session ended', () => {
  it('goes to the login page once, however many calls were refused, and says where to come back to', async () => {
    const { went, ended, end } = await load(place)
    await end()
    expect(went).toEqual([toLogin])
    expect(ended).toEqual([{ state: 'anonymous', reason: 'expired' }])
  })

  it('stays where it is without being asked to sign in again', async () => {
    const server = fakeServer()
    const went: string[] = []
    const client = createClient({ fetch: server.fetch, navigate: (target) => went.push(target) })
    server.on('/auth/session', () => Response.json(member))
    await client.session.refresh()
    server.on('/auth/session', () => Response.json({ state: 'anonymous' }))
    await client.session.refresh()
    expect(went).toEqual([])
  })

  it('explains after two returns that did not last, instead of going a third time', async () => {
    const journeys: string[] = []
    for (const _ of [1, 2]) {
      const { went, end } = await load(place)
      await end()
      journeys.push(...went)
    }
    const { client, went, ended, end } = await load(place)
    await end()
    expect(journeys).toEqual([toLogin, toLogin])
    expect(went).toEqual([])
    expect(client.session.get()).toEqual({ state: 'anonymous', reason: 'expired', stuck: true })
    expect(ended).toEqual([client.session.get()])
  })

  it('counts a return without a session (cookies that are blocked) as one that did not last', async () => {
    await (await load(place)).end()
    const second = await load(place, { state: 'anonymous' })
    expect(second.went).toEqual([toLogin])
    const third = await load(place, { state: 'anonymous' })
    expect(third.went).toEqual([])
    expect(third.client.session.get()).toMatchObject({ stuck: true })
    // Whoever loads it once more begins anew.
    expect((await load(place, { state: 'anonymous' })).client.session.get()).toEqual({ state: 'anonymous' })
  })

  it('begins to count anew when a session lasted', async () => {
    for (const _ of [1, 2, 3, 4]) {
      const { went, end } = await load(place)
      await jest.advanceTimersByTimeAsync(31_000)
      await end()
      expect(went).toEqual([toLogin])
    }
  })

  it('stays where it cannot count', async () => {
    page.sessionStorage = {
      getItem: () => {
        throw new Error('SecurityError')
      },
    }
    const { client, went, end } = await load(place)
    await end()
    expect(went).toEqual([])
    expect(client.session.get()).toMatchObject({ state: 'anonymous', stuck: true })
  })
})

describe('pages that nobody left in need', () => {
  it('stay where they are: the login page, and a stranger’s first', async () => {
    expect((await load('/about', { state: 'anonymous' })).went).toEqual([])
    await (await load(place)).end()
    expect((await load(toLogin, { state: 'anonymous' })).went).toEqual([])
  })

  it('stay at a sign-out of their own, also when a closed socket tells of it before the answer does', async () => {
    const { client, server, went, ended } = await load(place)
    server.on('/auth/logout', async () => {
      server.on('/auth/session', () => Response.json({ state: 'anonymous', reason: 'signed-out' }))
      await client.session.refresh()
      return Response.json({ redirectTo: '/' })
    })
    await client.signOut()
    expect([went, ended]).toEqual([[], []])
    expect(client.session.get()).toEqual({ state: 'anonymous', reason: 'signed-out' })
  })
})
