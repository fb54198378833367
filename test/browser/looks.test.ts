import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'
import { type Demo, runDemo } from '../../demo/demo.ts'
import { freePort } from '../support/ports.ts'
import { newProfile, type ProfileOptions, startChromium } from './chromium.ts'
import { personAt } from './person.ts'

const pictures = join(import.meta.dirname, '../../test-results')
/** UPDATE_PICTURES=1 also takes those that the documentation shows. */
const shown = process.env['UPDATE_PICTURES'] && join(import.meta.dirname, '../../docs/pictures')
const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

let demo: Demo
let chromium: Browser

beforeAll(async () => {
  for (const folder of [pictures, shown]) if (folder) mkdirSync(folder, { recursive: true })
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

const scriptBytes = 100 * 1024

/** A picture for people, and what a machine can see: nothing sticks out, jumps about, weighs much or lacks a name. */
async function show(page: Page, name: string) {
  const seen = await page.evaluate(() => {
    const resources = performance.getEntriesByType('resource') as PerformanceResourceTiming[]
    const scripts = resources.filter(({ name }) => name.endsWith('.js'))
    const shifts = new PerformanceObserver(() => {})
    shifts.observe({ type: 'layout-shift', buffered: true })
    const pictured = performance.getEntriesByName('pictured').at(-1)?.startTime ?? 0
    const controls = document.querySelectorAll<HTMLElement>('button, a, input')
    return {
      overflow: document.documentElement.scrollWidth - innerWidth,
      scripts: scripts.reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0),
      // Layout Instability: what follows from the person's own input is no surprise to them. Nor is what a picture did.
      shift: (
        shifts.takeRecords() as unknown as { value: number; startTime: number; hadRecentInput: boolean }[]
      )
        .filter(({ startTime, hadRecentInput }) => !hadRecentInput && startTime > pictured)
        .reduce((sum, { value }) => sum + value, 0),
      nameless: [...controls]
        .filter((control) => {
          const labels = control instanceof HTMLInputElement ? [...(control.labels ?? [])] : [control]
          return !control.ariaLabel && labels.every((label) => label.textContent?.trim() === '')
        })
        .map((control) => control.outerHTML),
      headings: document.querySelectorAll('h1').length,
      title: document.title,
    }
  })
  // After the measuring: for a picture of the full page Chromium changes the window.
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true })
  if (shown) await page.screenshot({ path: join(shown, `${name}.jpg`), quality: 75, fullPage: true })
  await page.evaluate(async () => {
    for (let frame = 0; frame < 2; frame += 1) await new Promise(requestAnimationFrame)
    performance.mark('pictured')
  })
  expect(seen.overflow).toBeLessThanOrEqual(0)
  expect(seen.scripts).toBeGreaterThan(0)
  expect(seen.scripts).toBeLessThan(scriptBytes)
  expect(seen.shift).toBeLessThan(0.1)
  expect(seen.nameless).toEqual([])
  expect(seen.headings).toBe(1)
  expect(seen.title).toMatch(/Coatcheck$/)
  expect(await accessibilityFaults(page)).toEqual([])
}

/** What axe-core finds: rule, and the elements that break it. Evaluated by the debugger, which the page's policy does not bind. */
async function accessibilityFaults(page: Page): Promise<readonly string[]> {
  await page.evaluate(axeSource)
  const { violations, passes } = await page.evaluate(() =>
    (globalThis as unknown as { axe: typeof import('axe-core') }).axe.run(),
  )
  // It did look.
  expect(passes.map(({ id }) => id)).toEqual(
    expect.arrayContaining(['color-contrast', 'button-name', 'region']),
  )
  return violations.map(
    ({ id, nodes }) =>
      `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join(' | ')}`,
  )
}
