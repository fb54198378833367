import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Browser } from 'playwright-core'
import type { Client } from '../../src/browser/client.ts'
import { freshName, type House, openHouse } from '../support/house.ts'
import { newProfile, startChromium } from './chromium.ts'

const root = join(import.meta.dirname, '../..')

let folder: string
let house: House
let chromium: Browser
let url: string

// A page with nothing but the published client.
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'coatcheck-page-'))
  const page = join(folder, 'page')
  mkdirSync(page)
  writeFileSync(
    join(page, 'index.html'),
    '<link rel="icon" href="data:," /><p id="state"></p><script type="module" src="/main.js"></script>',
  )
  writeFileSync(
    join(page, 'main.js'),
    `import { createClient } from '/client.js'
     const client = createClient({ signInAgain: '/login' })
     const state = document.getElementById('state')
     client.session.subscribe((session) => { state.textContent = session.stuck ? 'stuck' : session.state })
     client.session.refresh()
     Object.assign(window, { client })`,
  )
  const lib = { entry: join(root, 'src/browser/client.ts'), formats: ['es'], fileName: 'client' }
  const config = join(folder, 'vite.config.mjs')
  writeFileSync(
    config,
    `export default ${JSON.stringify({ build: { outDir: page, emptyOutDir: false, lib } })}`,
  )
  const vite = join(root, 'node_modules/vite/bin/vite.js')
  execFileSync(process.execPath, [vite, 'build', '--config', config, '--logLevel', 'error'], { cwd: root })
  house = await openHouse({ env: { SPA_DIR: page } })
  house.browser()
  url = house.env['PUBLIC_URL'] as string
  chromium = await startChromium()
})
afterAll(async () => {
  await chromium?.close()
  await house?.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('a page that wants to sign in again', () => {
  it('leaves for the login page twice, with the way back, and explains the third time', async () => {
    const { page, context, complaints, close } = await newProfile(chromium, { origin: url })
    const shows = (state: string) => page.locator('#state', { hasText: state }).waitFor()
    const place = `${url}/notes?q=1#write`
    const toLogin = `${url}/login?returnTo=%2Fnotes%3Fq%3D1%23write`

    await page.goto(`${url}/auth/login/kakao?returnTo=${encodeURIComponent('/notes?q=1#write')}`)
    await page.locator('button[value="newcomer"]').click()
    await shows('registering')
    await page.evaluate(async (nickname) => {
      const { client } = globalThis as unknown as { client: Client }
      await client.signUp({ nickname, characterName: 'Mira' })
    }, freshName())
    await page.goto(place)
    await shows('member')

    await context.clearCookies()
    await page.evaluate(() => {
      void (globalThis as unknown as { client: Client }).client.session.refresh()
    })
    await page.waitForURL(toLogin)
    await shows('anonymous')
    // Back without a session: as if the browser kept no cookies.
    await page.goto(place, { waitUntil: 'commit' })
    await page.waitForURL(toLogin)
    await page.goto(place, { waitUntil: 'commit' })
    await shows('stuck')
    expect(page.url()).toBe(place)
    await close()
    expect(complaints).toEqual([])
  })
})
