import { createServer, type Server } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Browser } from 'playwright-core'
import { type Api, startApi } from '../../demo/api.ts'
import { buildSpa } from '../../demo/build-spa.ts'
import { type Coatcheck, createCoatcheck } from '../../src/composition.ts'
import { createWorld, type World } from '../../src/testing/world.ts'
import { newProfile, startChromium } from './chromium.ts'
import { personAt } from './person.ts'

let world: World
let api: Api
let coatcheck: Coatcheck
let server: Server
let chromium: Browser
let url: string

// The demo's pages in a world whose time can be advanced.
beforeAll(async () => {
  world = await createWorld({ providers: ['kakao', 'google'] })
  url = world.env['PUBLIC_URL'] as string
  api = await startApi({ issuer: url })
  const env = { ...world.env, API_URL: api.url, SPA_DIR: buildSpa(), RATE_LIMIT: 'off' }
  coatcheck = await createCoatcheck({ env, now: world.now })
  server = createServer(coatcheck.app).on('upgrade', coatcheck.upgrade)
  await new Promise<void>((resolve) => server.listen(Number(world.env['PORT']), '127.0.0.1', resolve))
  chromium = await startChromium()
})
afterAll(async () => {
  await chromium?.close()
  server?.close()
  server?.closeAllConnections()
  await coatcheck?.close()
  api?.close()
  await world?.close()
})

const elevenMinutes = 11 * 60_000

describe('a sign-in that is too long ago', () => {
  it('is made anew before a provider is linked, and before the account goes', async () => {
    const profile = await newProfile(chromium, { origin: url })
    const { page } = profile
    const linkGoogle = page.getByRole('link', { name: 'Link Google' })
    const signInAgain = page.getByRole('link', { name: 'Sign in again with Kakao' })
    const asThePerson = page.locator('button[value="returning"]')
    await personAt(page, url).join('kakao', 'careful')
    await page.goto(`${url}/account`)

    world.advance(elevenMinutes)
    await linkGoogle.click()
    await signInAgain.click()
    expect(new URL(page.url()).origin).not.toBe(url)
    await asThePerson.click()
    await page.waitForURL(`${url}/account`)
    await linkGoogle.click()
    await page.locator('button[value="newcomer"]').click()
    await page.waitForURL(`${url}/account`)
    await page.getByRole('button', { name: 'Unlink Google' }).waitFor()

    world.advance(elevenMinutes)
    await page.getByRole('button', { name: 'Withdraw my account' }).click()
    await page.getByRole('button', { name: 'Yes, delete it' }).click()
    await signInAgain.click()
    await asThePerson.click()
    await page.waitForURL(`${url}/account`)
    await page.getByRole('button', { name: 'Withdraw my account' }).click()
    await page.getByRole('button', { name: 'Yes, delete it' }).click()
    await page.locator('.hero').waitFor()
    await profile.close()
    expect(profile.complaints).toEqual([])
  })
})
