import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'
import { type Demo, runDemo } from '../../demo/demo.ts'
import { freePort } from '../support/ports.ts'
import { newProfile, type ProfileOptions, startChromium } from './chromium.ts'
import { personAt } from './person.ts'

const pictures = join(import.meta.dirname, '../../test-results')

let demo: Demo
let chromium: Browser

beforeAll(async () => {
  mkdirSync(pictures, { recursive: true })
  demo = await runDemo({ port: await freePort(), env: { RATE_LIMIT: 'off' } })
  chromium = await startChromium()
})
afterAll(async () => {
  await chromium?.close()
  await demo?.close()
})

const looks: Readonly<Record<string, Omit<ProfileOptions, 'origin'>>> = {
  light: { locale: 'en-US' },
  dark: { locale: 'ko-KR', colorScheme: 'dark' },
  phone: { locale: 'ko-KR', viewport: { width: 360, height: 740 } },
}

describe.each(Object.keys(looks))('%s', (look) => {
  it('shows every page whole, without a console message', async () => {
    const profile = await newProfile(chromium, { origin: demo.url, ...looks[look] })
    const { page } = profile
    const person = personAt(page, demo.url)
    await page.goto(demo.url)
    await page.getByText('401 session-required').waitFor()
    await show(page, `${look}-landing`)
    await page.goto(`${demo.url}/login`)
    await page.locator('.provider-google').waitFor()
    await show(page, `${look}-login`)
    await person.signIn('kakao', 'newcomer')
    await page.locator('#nickname').fill(`손님-${look}`)
    await page.locator('input[value="rabbit"]').check()
    await page.locator('.hint.good').waitFor()
    await show(page, `${look}-signup`)
    await page.locator('button[type=submit]').click()
    await page.locator('#write').fill('파란 외투 · the blue coat')
    await page.locator('#write').press('Enter')
    await page.locator('.list li').waitFor()
    await show(page, `${look}-home`)
    await page.goto(`${demo.url}/account`)
    await page.locator('.badge').waitFor()
    await show(page, `${look}-account`)
    await profile.close()
    expect(profile.complaints).toEqual([])
  })
})

/** A picture for people, and one thing that a machine can see: nothing sticks out at the side. */
async function show(page: Page, name: string) {
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true })
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
  expect(overflow).toBeLessThanOrEqual(0)
}
