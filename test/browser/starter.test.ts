import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { freshName, type House, openHouse } from '../support/house.ts'
import { startChromium } from './chromium.ts'

// The session cookie is SameSite=Strict, so whether a callback brings it along depends on how the provider answered:
//   person clicks there:    consent page --POST--> 302 --> /auth/callback     cross-site, no session cookie
//   provider answers:       our page --> /auth/login --302--> 302 --> /auth/callback     the session cookie comes along
// What a login ends must not depend on that: the attempt remembers the session that it was begun in.
// The provider is at 127.0.0.1 and the app at localhost: another site.

let house: House
let chromium: Browser
let folder: string
let context: BrowserContext
let tab: Page
let url: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coatcheck-spa-'))
  await writeFile(join(folder, 'index.html'), '<!doctype html><title>app</title><h1>app</h1>')
  house = await openHouse({ env: { SPA_DIR: folder } })
  url = house.env['PUBLIC_URL'] ?? ''
  house.browser()
  chromium = await startChromium()
})
afterAll(async () => {
  await chromium?.close()
  await house?.close()
  await rm(folder, { recursive: true, force: true })
})
beforeEach(async () => {
  context = await chromium.newContext()
  tab = await context.newPage()
  house.world.provider('kakao').as('newcomer')
})
afterEach(() => context.close())

const kakao = () => house.world.provider('kakao')

/** What the page's own script is told of the session. */
function sessionIn(page: Page): Promise<Record<string, unknown>> {
  return page.evaluate(async () => (await fetch('/auth/session')).json())
}

/** As a link on the app's page; up to the provider's page, or through it where it answers at once. */
async function beginLogin(page: Page, path = '/auth/login/kakao?returnTo=/there'): Promise<void> {
  await Promise.all([
    page.waitForNavigation(),
    page.evaluate((target) => {
      location.href = target
    }, path),
  ])
}

async function press(page: Page, persona: 'newcomer' | 'returning' | 'deny'): Promise<void> {
  await page.locator(`button[value="${persona}"]`).click()
  await page.waitForURL((at) => at.origin === url)
}

/** A member, signed up in this tab. */
async function becomeMember(page: Page): Promise<string> {
  await page.goto(url)
  await beginLogin(page)
  await press(page, 'newcomer')
  const body = { nickname: freshName(), characterName: 'Mira' }
  await page.evaluate(async (json) => {
    const headers = { 'Content-Type': 'application/json' }
    await fetch('/auth/signup', { method: 'POST', headers, body: JSON.stringify(json) })
  }, body)
  return ticketOf()
}

async function ticketOf(): Promise<string> {
  return (await context.cookies(url)).find(({ name }) => name === 'session')?.value ?? ''
}

/** What a ticket still opens. */
async function opens(ticket: string): Promise<unknown> {
  const answer = await fetch(`${url}/auth/session`, { headers: { cookie: `session=${ticket}` } })
  return ((await answer.json()) as { state: string }).state
}

/** The requests that this tab made, each with whether the session cookie went along. */
function watch(page: Page) {
  const seen: Promise<{ path: string; document: boolean; withSession: boolean }>[] = []
  page.on('request', (request) => {
    const { origin, pathname } = new URL(request.url())
    if (origin !== url) return
    const document = request.isNavigationRequest()
    seen.push(
      request.allHeaders().then((headers) => {
        const withSession = /(^|; )session=/.test(headers['cookie'] ?? '')
        return { path: pathname, document, withSession }
      }),
    )
  })
  return async (path: string) => (await Promise.all(seen)).filter((one) => one.path === path)
}

const landing = () => tab.waitForURL(`${url}/there`)

describe.each(['the person clicks', 'the provider answers at once'])('where %s', (how) => {
  const atOnce = how === 'the provider answers at once'

  async function signInAgain(): Promise<void> {
    kakao().as('returning', { atOnce })
    await beginLogin(tab)
    if (!atOnce) await press(tab, 'returning')
    await landing()
  }

  it(`the callback comes ${atOnce ? 'with' : 'without'} the session cookie`, async () => {
    await becomeMember(tab)
    const requests = watch(tab)
    await signInAgain()
    expect(await requests('/auth/callback/kakao')).toEqual([
      { path: '/auth/callback/kakao', document: true, withSession: atOnce },
    ])
  })

  it('a new sign-in ends the session that it was begun in', async () => {
    const before = await becomeMember(tab)
    await signInAgain()
    const after = await ticketOf()
    expect(after).not.toBe(before)
    expect([await opens(before), await opens(after)]).toEqual(['anonymous', 'member'])
    expect(await sessionIn(tab)).toMatchObject({ state: 'member' })
  })

  it('one that fails leaves that session as it was', async () => {
    const before = await becomeMember(tab)
    kakao().as('deny', { atOnce })
    await beginLogin(tab)
    if (!atOnce) await press(tab, 'deny')
    await tab.waitForURL(/error=login-denied/)
    expect([await ticketOf(), await opens(before)]).toEqual([before, 'member'])
  })
})

describe('the page that a callback leads to', () => {
  it('is asked for without the Strict cookie, its reload too, and its scripts are signed in', async () => {
    await becomeMember(tab)
    const requests = watch(tab)
    kakao().as('returning')
    await beginLogin(tab)
    await press(tab, 'returning')
    await landing()
    expect(await sessionIn(tab)).toMatchObject({ state: 'member' })
    await tab.reload()
    expect(await sessionIn(tab)).toMatchObject({ state: 'member' })
    const cookies = async (path: string) => (await requests(path)).map(({ withSession }) => withSession)
    expect(await cookies('/there')).toEqual([false, false])
    expect(await cookies('/auth/session')).toEqual([true, true])
  })
})

describe('two tabs that sign in at the same time', () => {
  it('end in one session: the later login ends the earlier one’s', async () => {
    await becomeMember(tab)
    await tab.evaluate(() => fetch('/auth/logout', { method: 'POST' }))
    kakao().as('returning')
    const other = await context.newPage()
    await other.goto(url)
    await beginLogin(tab)
    await beginLogin(other)
    await press(tab, 'returning')
    const first = await ticketOf()
    expect(await opens(first)).toBe('member')
    await press(other, 'returning')
    const second = await ticketOf()
    expect([await opens(first), await opens(second)]).toEqual(['anonymous', 'member'])
    for (const page of [tab, other]) expect(await sessionIn(page)).toMatchObject({ state: 'member' })
  })
})

describe('the Back button after a login', () => {
  it('onto the provider’s page and through it again ends softly: the session lives on', async () => {
    await becomeMember(tab)
    kakao().as('returning')
    await beginLogin(tab)
    await press(tab, 'returning')
    await landing()
    const ticket = await ticketOf()
    await tab.goBack()
    await press(tab, 'returning')
    // The Strict cookie does not come along; the login page asks for the session before it shows an error.
    await tab.waitForURL(/\/login\?error=login-expired/)
    expect([await ticketOf(), await sessionIn(tab)]).toEqual([
      ticket,
      expect.objectContaining({ state: 'member' }),
    ])
  })

  it('onto the used callback itself leads home, signed in, and asks the provider nothing', async () => {
    await becomeMember(tab)
    kakao().as('returning')
    let callback = ''
    tab.on('request', (request) => {
      if (request.url().startsWith(`${url}/auth/callback/`)) callback = request.url()
    })
    await beginLogin(tab)
    await press(tab, 'returning')
    await landing()
    const asked = kakao().requestsTo('token').length
    await tab.goto(callback)
    expect(tab.url()).toBe(`${url}/`)
    expect(await sessionIn(tab)).toMatchObject({ state: 'member' })
    expect(kakao().requestsTo('token')).toHaveLength(asked)
  })
})
