import { execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createWorld, type World } from '../../src/testing/world.ts'

/*
 * docs/production.md: the packed package in an empty folder, run by a user without a home who can write to DATA_DIR alone.
 */

const root = join(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'coatcheck-packed-'))
const app = join(folder, 'app')
const data = join(folder, 'data')
const installed = join(app, 'node_modules/coatcheck')
/** `nobody`, where we may become another user. */
const user = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
const bare = { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent' }
const run = promisify(execFile)
let world: World

beforeAll(async () => {
  mkdirSync(app)
  mkdirSync(data)
  const quietly = { stdio: 'ignore' } as const
  execFileSync('npm', ['pack', '--pack-destination', folder], { ...quietly, cwd: root })
  const packed = readdirSync(folder).find((name) => name.endsWith('.tgz')) as string
  cpSync(join(folder, packed), join(app, packed))
  const offline = ['--prefer-offline', '--no-audit', '--no-fund']
  execFileSync('npm', ['install', '--omit=dev', '--ignore-scripts', ...offline, `./${packed}`], {
    ...quietly,
    cwd: app,
  })
  if (user.uid !== undefined) chownSync(data, user.uid, user.gid)
  chmodSync(folder, 0o755)
  execFileSync('chmod', ['-R', 'a-w,a+rX', app])
  world = await createWorld({ providers: ['kakao'] })
})
afterAll(async () => {
  await world?.close()
  if (existsSync(app)) execFileSync('chmod', ['-R', 'u+w', app])
  rmSync(folder, { recursive: true, force: true })
})

describe('the packed package in an empty folder', () => {
  it('brings nothing of development, and no sources', () => {
    for (const name of ['typescript', 'jest', 'vite', '@biomejs'])
      expect([name, existsSync(join(app, 'node_modules', name))]).toEqual([name, false])
    expect(existsSync(join(installed, 'src'))).toBe(false)
  })

  it('serves, for a user without a home, from a folder that cannot be written to', async () => {
    const unit = readFileSync(join(installed, 'deploy/coatcheck.service'), 'utf8')
    const [, command = ''] = /^ExecStart=\/usr\/bin\/node (.*)$/m.exec(unit) ?? []
    const { DATABASE_URL: _, ...env } = world.env
    const server = spawn(process.execPath, command.split(' '), {
      cwd: app,
      env: { ...bare, ...env, DATA_DIR: data, NODE_ENV: 'production', LOG_LEVEL: 'info' },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...user,
    })
    let said = ''
    server.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
    const listening = new Promise<void>((resolve, reject) => {
      server.stdout.on('data', (chunk: Buffer) => {
        said += chunk.toString()
        if (said.includes('"listening"')) resolve()
      })
      server.once('exit', () => reject(new Error(said)))
    })
    const exited = once(server, 'exit')
    try {
      await listening
      expect((await fetch(`${env['PUBLIC_URL']}/readyz`)).status).toBe(200)
      const browser = world.browser()
      await browser.goto('/auth/login/kakao')
      expect((await browser.fetch('/auth/session')).json()).toMatchObject({ state: 'registering' })
    } finally {
      server.kill('SIGTERM')
    }
    expect((await exited)[0]).toBe(0)
    expect(existsSync(join(data, 'users.sqlite'))).toBe(true)
  })

  it('has a command line that needs no configuration to make secrets', async () => {
    const bin = join(installed, 'dist/cli/coatcheck.js')
    const { stdout, stderr } = await run(process.execPath, [bin, 'keygen', '--secret'], {
      cwd: app,
      env: bare,
      ...user,
    })
    expect([stdout.trim(), stderr]).toEqual([expect.stringMatching(/^[\w-]{43}$/), ''])
  })

  it('says in a line that its user cannot write to DATA_DIR', async () => {
    const { DATABASE_URL: _, ...env } = world.env
    const failed = run(process.execPath, [join(installed, 'dist/main.js')], {
      cwd: app,
      env: { ...bare, ...env, DATA_DIR: join(app, 'data') },
      ...user,
    })
    await expect(failed).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /^DATA_DIR: names \/.*\/app\/data, which this user cannot write to \(EACCES\): .*\n$/,
      ),
    })
  })
})

it('systemd understands the unit', async () => {
  const unit = join(folder, 'coatcheck.service')
  // The user and node's place are the server's own.
  const text = readFileSync(join(root, 'deploy/coatcheck.service'), 'utf8')
  writeFileSync(
    unit,
    text.replace('/usr/bin/node', process.execPath).replace(/^(User|Group)=.*$/gm, '$1=root'),
  )
  const { stderr } = await run('systemd-analyze', ['verify', '--man=no', unit])
  expect(stderr.split('\n').filter((line) => line.includes('coatcheck.service'))).toEqual([])
})
