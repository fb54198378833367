import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Browser } from 'playwright-core'
import { type House, openHouse } from '../support/house.ts'
import { freePort } from '../support/ports.ts'
import { newProfile, startChromium } from './chromium.ts'

const root = join(import.meta.dirname, '../..')
const page = readFileSync(join(root, 'docs/getting-started.md'), 'utf8')

/** The page's files of a newcomer's application: each block begins with its own name in a comment. */
const files = [
  ...page.matchAll(/^```(?:js|html)\n(?:\/\/|<!--) (my-app\/\S+)(?: -->)?\n([\s\S]*?)^```$/gm),
].map(([, path = '', text = '']) => ({ path, text }))

let folder: string
let house: House
let api: ChildProcess
let chromium: Browser
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'coatcheck-newcomer-'))
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  mkdirSync(join(folder, 'my-app/web'), { recursive: true })
  // An empty one; the server reads its folder at the start.
  writeFileSync(join(folder, 'my-app/web/index.html'), '')
  const port = await freePort()
  house = await openHouse({
    providers: ['google'],
    env: { API_URL: `http://127.0.0.1:${port}`, SPA_DIR: join(folder, 'my-app/web') },
  })
  const url = house.env['PUBLIC_URL'] ?? ''
  for (const { path, text } of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    const here = text.replaceAll('http://localhost:3000', url).replaceAll('8080', String(port))
    writeFileSync(join(folder, path), here)
  }
  house.browser()
  api = spawn(process.execPath, ['my-app/api.mjs'], { cwd: folder, stdio: 'inherit' })
  chromium = await startChromium()
})
afterAll(async () => {
  api?.kill()
  await chromium?.close()
  await house?.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('docs/getting-started.md', () => {
  it('has an application of three files', () => {
    expect(files.map(({ path }) => path)).toEqual([
      'my-app/api.mjs',
      'my-app/web/index.html',
      'my-app/web/app.js',
    ])
  })

  it('lets a newcomer sign in and up, reach the API, and sign out', async () => {
    house.world.provider('google').as('newcomer')
    const url = house.env['PUBLIC_URL'] ?? ''
    // Browsers ask for an icon, and this application has none.
    const profile = await newProfile(chromium, { origin: url, expected: /favicon\.ico/ })
    const tab = profile.page
    await tab.goto(`${url}/`)
    await tab.getByText('Sign in with Google').click()
    await tab.locator('button[value="newcomer"]').click()
    await tab.waitForURL(/\/signup$/)
    await tab.locator('[name=nickname]').fill('M')
    await tab.locator('[name=characterName]').fill('Bear')
    await tab.getByRole('button', { name: 'Sign up' }).click()
    // Too short: the page says so and stays.
    await tab.locator('p', { hasText: /\w/ }).waitFor()
    await tab.locator('[name=nickname]').fill('Mira of the tests')
    await tab.getByRole('button', { name: 'Sign up' }).click()
    await tab.getByText('The API says hello to Mira of the tests.').waitFor()
    expect(await tab.evaluate(() => document.cookie)).toBe('')
    await tab.getByRole('button', { name: 'Sign out' }).click()
    await tab.getByText('Sign in with Google').waitFor()
    expect(profile.complaints).toEqual([])
    await profile.close()
  })
})
