import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'
import { type Demo, runDemo } from '../../demo/demo.ts'
import { freePort } from '../support/ports.ts'
import { newProfile, type Profile, startChromium } from './chromium.ts'
import { personAt } from './person.ts'

const pictures = join(import.meta.dirname, '../../test-results')

let demo: Demo
let chromium: Browser
let profile: Profile
let page: Page
let person: ReturnType<typeof personAt>

beforeAll(async () => {
  mkdirSync(pictures, { recursive: true })
  demo = await runDemo({ port: await freePort(), env: { RATE_LIMIT: 'off' } })
  chromium = await startChromium()
})
afterAll(async () => {
  await chromium?.close()
  await demo?.close()
})

beforeEach(async () => {
  profile = await newProfile(chromium, { origin: demo.url })
  page = profile.page
  person = personAt(page, demo.url)
})
afterEach(async () => {
  await profile.close()
  // No error in the console, no exception, no violation of the content security policy.
  expect(profile.complaints).toEqual([])
})

function picture(name: string, of: Page = page) {
  return of.screenshot({ path: join(pictures, `${name}.png`), fullPage: true })
}

describe('a newcomer', () => {
  it.each(['kakao', 'naver', 'google'])(
    'with %s signs up, calls the API, comes back and leaves',
    async (provider) => {
      await page.goto(demo.url)
      await page.locator('.hero a').click()
      await person.signIn(provider, 'newcomer')
      await page.waitForURL(/\/signup/)
      // Nobody yet: the API is not for them.
      expect(await person.callApi('/api/whoami')).toBe(403)
      await person.signUp(`${provider}-guest`, 'fox')
      await page.locator('.ticket h1', { hasText: `${provider}-guest` }).waitFor()
      expect(await page.locator('#received ~ .facts').first().textContent()).toContain(
        `"${provider}"`.replaceAll('"', ''),
      )

      await page.locator('#write').fill('the blue coat')
      await page.locator('#write').press('Enter')
      await page.locator('.list li', { hasText: 'the blue coat' }).waitFor()

      await page.reload()
      await page.locator('.ticket h1', { hasText: `${provider}-guest` }).waitFor()
      await page.locator('.list li', { hasText: 'the blue coat' }).waitFor()
      expect(await person.callApi('/api/whoami')).toBe(200)

      await person.signOut()
      expect(await person.callApi('/api/whoami')).toBe(401)
      await page.reload()
      await page.locator('.hero').waitFor()
    },
  )

  it('leaves no token where a script could find one', async () => {
    await person.join('kakao', 'secretive')
    await page.goto(`${demo.url}/account`)
    await page.locator('#identities').waitFor()
    expect(await person.holdings()).toBe('["",{},{}]')

    const given = await givenSecrets()
    expect(given.length).toBeGreaterThanOrEqual(2)
    const answers = await profile.answers()
    expect(answers.some((answer) => answer.includes('secretive'))).toBe(true)
    expect(answers.filter((answer) => /eyJ[\w-]{10,}\.eyJ/.test(answer))).toEqual([])
    expect(answers.filter((answer) => given.some((secret) => answer.includes(secret)))).toEqual([])
  })

  /** Provider tokens, as the provider saw them used, and the ticket. */
  async function givenSecrets(): Promise<string[]> {
    const used = demo.simulators.all.get('kakao')?.requests ?? []
    const tokens = used.flatMap(({ headers }) => /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1] ?? [])
    const cookies = await profile.context.cookies(demo.url)
    // It names the provider that this browser signed in with last, and is no secret.
    const secrets = cookies.filter(({ name }) => name !== 'last-provider')
    return [...tokens, ...secrets.map(({ value }) => value)]
  }
})

describe('a deep link', () => {
  it('survives the login, with its query and its fragment', async () => {
    await person.join('google', 'deep-diver')
    await person.signOut()
    await page.goto(`${demo.url}/notes?q=coat#write`)
    await page.waitForURL(/\/login\?returnTo=/)
    await person.signIn('google', 'returning')
    await page.waitForURL(`${demo.url}/notes?q=coat#write`)
    expect(await page.locator('#search').inputValue()).toBe('coat')
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('write')
  })

  it('survives the sign-up too', async () => {
    await page.goto(`${demo.url}/notes?q=first#write`)
    await person.signIn('naver', 'newcomer')
    await person.signUp('late-comer', 'cat')
    await page.waitForURL(`${demo.url}/notes?q=first#write`)
  })
})

describe('a login that fails', () => {
  it.each([
    ['deny', 'login-denied', /You said no/],
    ['down', 'provider-unavailable', /does not answer/],
  ] as const)('is explained: %s', async (persona, code, words) => {
    await page.goto(`${demo.url}/login`)
    await person.signIn('kakao', persona)
    await page.waitForURL(new RegExp(`/login\\?error=${code}`))
    expect(await page.getByRole('alert').textContent()).toMatch(words)
    await picture(`login-${code}`)
  })

  it('is explained in Korean to whoever reads Korean', async () => {
    await page.goto(`${demo.url}/login?lang=ko`)
    await person.signIn('kakao', 'deny')
    await page.waitForURL(/login-denied/)
    expect(await page.getByRole('alert').textContent()).toMatch(/취소하셨어요/)
  })
})

describe("a chat app's own browser", () => {
  it('is told why Google will not do there, and how to get out', async () => {
    const userAgent =
      'Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/150.0.0.0 KAKAOTALK/25.1.0 (INAPP)'
    const chat = await newProfile(chromium, { origin: demo.url, userAgent })
    await chat.page.goto(`${demo.url}/notes?q=coat#write`)
    const wayOut = await chat.page.getByRole('link', { name: 'Open in my browser' }).getAttribute('href')
    const opened = new URL(new URL(wayOut ?? '').searchParams.get('url') ?? '')
    expect(opened.searchParams.get('returnTo')).toBe('/notes?q=coat#write')
    await chat.close()
    expect(chat.complaints).toEqual([])
  })
})

describe('the sign-up form', () => {
  it('tells at once that a name is taken, and which fields are wrong', async () => {
    await person.join('kakao', 'first-one')
    await person.signOut()
    await page.goto(`${demo.url}/login`)
    await person.signIn('kakao', 'newcomer')
    await page.waitForURL(/\/signup/)
    const hint = page.locator('#nickname-hint')
    // What the provider suggested is looked up, too.
    expect(await page.locator('#nickname').inputValue()).not.toBe('')
    await hint.getByText('This name is free.').waitFor()
    await page.locator('#nickname').fill('FIRST-ONE')
    await hint.getByText('This name is taken.').waitFor()
    await page.locator('#nickname').fill('second-one')
    await hint.getByText('This name is free.').waitFor()
    await page.locator('#nickname').fill('x')
    await page.locator('button[type=submit]').click()
    await page.getByText('A nickname has 2 to 20 characters.').waitFor()
    await page.getByText('Please choose a character.').waitFor()
    await picture('signup-errors')
  })
})

describe('two tabs', () => {
  it('sign out together', async () => {
    await person.join('kakao', 'two-tabs')
    const other = await profile.context.newPage()
    await other.goto(`${demo.url}/account`)
    await other.locator('#devices').waitFor()
    await person.signOut()
    await other.waitForURL(/\/login\?returnTo=%2Faccount/, { timeout: 1_000 })
  })
})

describe('another device', () => {
  it('is ended from here, and told so', async () => {
    await person.join('naver', 'two-devices')
    const second = await newProfile(chromium, { origin: demo.url })
    try {
      const there = personAt(second.page, demo.url)
      await second.page.goto(`${demo.url}/login`)
      await there.signIn('naver', 'returning')
      await second.page.locator('.ticket h1', { hasText: 'two-devices' }).waitFor()

      await second.page.locator('#live ~ .facts', { hasText: 'two-devices' }).waitFor()

      await page.goto(`${demo.url}/account`)
      await page.getByRole('button', { name: /^End the session/ }).click()
      // Its WebSocket is closed with 4401: nobody has to touch that device for it to know.
      await second.page.getByText('You were signed out from another device.').waitFor({ timeout: 1_000 })
      expect(await there.callApi('/api/whoami')).toBe(401)
      await page.getByRole('button', { name: /^End the session/ }).waitFor({ state: 'detached' })
      expect(await person.callApi('/api/whoami')).toBe(200)
    } finally {
      await second.close()
    }
  })
})

describe('the account page', () => {
  it('links a second provider, and unlinks it', async () => {
    await person.join('kakao', 'linker')
    await page.goto(`${demo.url}/account`)
    await page.getByRole('link', { name: 'Link Google' }).click()
    await page.locator('button[value="newcomer"]').click()
    await page.waitForURL(`${demo.url}/account`)
    await page.getByRole('button', { name: 'Unlink Google' }).click()
    await page.getByRole('link', { name: 'Link Google' }).waitFor()
    await page.getByRole('button', { name: 'Unlink Kakao' }).click()
    await page.getByText('The last way to sign in cannot be removed.').waitFor()
  })

  it('lets people go for good', async () => {
    await person.join('naver', 'leaver')
    await page.goto(`${demo.url}/account`)
    await page.getByRole('button', { name: 'Withdraw my account' }).click()
    await page.getByRole('button', { name: 'Yes, delete it' }).click()
    await page.locator('.hero').waitFor()
    await page.goto(`${demo.url}/login`)
    await person.signIn('naver', 'returning')
    await page.waitForURL(/\/signup/)
  })
})
