import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Browser } from 'playwright-core'
import { type Demo, runDemo } from '../../demo/demo.ts'
import { freePort } from '../support/ports.ts'
import { newProfile, startChromium } from './chromium.ts'
import { personAt } from './person.ts'

const root = join(import.meta.dirname, '../..')

let folder: string
let vite: ChildProcess
let demo: Demo
let chromium: Browser

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'coatcheck-vite-'))
  writeFileSync(
    join(folder, 'index.html'),
    '<link rel="icon" href="data:," /><div id="root"></div><script type="module" src="/main.js"></script>',
  )
  writeFileSync(
    join(folder, 'main.js'),
    `import { word } from './word.js'
     import './style.css'
     const show = (text) => { document.getElementById('root').textContent = text }
     show(word)
     import.meta.hot.accept('./word.js', (changed) => show(changed.word))`,
  )
  writeFileSync(join(folder, 'style.css'), '#root { color: rgb(1, 2, 3) }')
  writeFileSync(join(folder, 'word.js'), `export const word = 'before'`)
  const port = await freePort()
  const args = [
    join(root, 'node_modules/vite/bin/vite.js'),
    folder,
    '--port',
    `${port}`,
    '--strictPort',
    '--host',
    '127.0.0.1',
  ]
  vite = spawn(process.execPath, args, { cwd: tmpdir(), stdio: 'ignore' })
  const devUrl = `http://127.0.0.1:${port}`
  while (
    !(await fetch(devUrl).then(
      ({ ok }) => ok,
      () => false,
    ))
  )
    await sleep(50)
  demo = await runDemo({ port: await freePort(), env: { SPA_DEV_URL: devUrl, SPA_DIR: '' } })
  chromium = await startChromium()
})
afterAll(async () => {
  await chromium?.close()
  await demo?.close()
  vite?.kill()
  rmSync(folder, { recursive: true, force: true })
})

describe("Vite's page", () => {
  it('changes through coatcheck without a reload, and breaks no policy', async () => {
    const profile = await newProfile(chromium, { origin: demo.url })
    const { page } = profile
    const ready = page.waitForEvent('console', {
      predicate: (message) => message.text().includes('[vite] connected'),
    })
    await page.goto(demo.url)
    await page.getByText('before').waitFor()
    expect(await page.locator('#root').evaluate((element) => getComputedStyle(element).color)).toBe(
      'rgb(1, 2, 3)',
    )
    await ready
    await page.evaluate(() => Object.assign(globalThis, { sameDocument: true }))
    writeFileSync(join(folder, 'word.js'), `export const word = 'after'`)
    await page.getByText('after').waitFor()
    expect(await page.evaluate(() => 'sameDocument' in globalThis)).toBe(true)
    await profile.close()
    expect(profile.complaints).toEqual([])
  })
})

describe('npm run demo -- --dev', () => {
  it("serves the demo's own pages from Vite, all the way through a login", async () => {
    const port = await freePort()
    const start = join(root, 'demo/start.ts')
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', start, '--dev'], {
      env: { ...process.env, NODE_ENV: 'development', NODE_OPTIONS: '', PORT: `${port}` },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    try {
      await new Promise((resolve) => child.stdout?.once('data', resolve))
      const url = `http://localhost:${port}`
      const profile = await newProfile(chromium, { origin: url })
      const connected = profile.page.waitForEvent('console', {
        predicate: (message) => message.text().includes('[vite] connected'),
      })
      await personAt(profile.page, url).join('kakao', 'developer')
      await connected
      await profile.close()
      expect(profile.complaints).toEqual([])
    } finally {
      const exited = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      await exited
    }
    expect(child.exitCode).toBe(0)
  })
})
