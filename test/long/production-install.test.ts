import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createWorld, type World } from '../../src/testing/world.ts'
import { type ServerProcess, startServer } from '../support/server-process.ts'

const root = join(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'coatcheck-production-'))
let world: World
let server: ServerProcess

beforeAll(async () => {
  for (const file of ['package.json', 'package-lock.json', '.npmrc'])
    cpSync(join(root, file), join(folder, file))
  const quietly = { cwd: folder, stdio: 'ignore' } as const
  execFileSync('npm', ['ci', '--omit=dev', '--ignore-scripts'], quietly)
  const compiler = join(root, 'node_modules/typescript/bin/tsc')
  execFileSync(process.execPath, [compiler, '-p', 'src', '--outDir', join(folder, 'dist')], { cwd: root })
  world = await createWorld({ providers: ['kakao', 'acme'] })
  server = await startServer(world.env, folder, join(folder, 'dist/main.js'))
})
afterAll(async () => {
  await server?.stop()
  await world?.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('what production installs, and no install script run', () => {
  it('has nothing of development', () => {
    for (const name of ['typescript', 'jest', 'react', 'node', 'vite'])
      expect([name, existsSync(join(folder, 'node_modules', name))]).toEqual([name, false])
    expect(readdirSync(join(folder, 'node_modules')).length).toBeGreaterThan(100)
  })

  it('is enough to be alive and ready, and to take a person all the way to the sign-up', async () => {
    expect((await fetch(`${world.env['PUBLIC_URL']}/healthz`)).status).toBe(200)
    const browser = world.browser()
    for (const provider of ['kakao', 'acme']) {
      await browser.goto(`/auth/login/${provider}`)
      expect((await browser.fetch('/auth/session')).json()).toMatchObject({ state: 'registering', provider })
    }
  })

  it('has a command line that works', () => {
    const program = join(folder, 'dist/cli/coatcheck.js')
    const said = execFileSync(process.execPath, [
      '--disable-warning=ExperimentalWarning',
      program,
      'keygen',
      '--secret',
    ])
    expect(said.toString().trim()).toMatch(/^[\w-]{43}$/)
  })
})
