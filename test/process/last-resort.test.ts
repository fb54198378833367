import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createWorld, type World } from '../../src/testing/world.ts'
import { spawnServer } from '../support/server-process.ts'

const folder = mkdtempSync(join(tmpdir(), 'coatcheck-bomb-'))
let world: World
beforeAll(async () => {
  world = await createWorld({ providers: ['kakao'] })
})
afterAll(async () => {
  await world.close()
  rmSync(folder, { recursive: true, force: true })
})

/** A module that goes off inside the server once it listens, where nobody awaits it. */
function bomb(goOff: string): string {
  const path = join(folder, 'bomb.mjs')
  const token = `['eyJhbGciOi', 'eyJzdWIi', 'c2ln'].join('.')`
  writeFileSync(
    path,
    `const error = new Error('nobody caught ' + ${token})
     const waiting = setInterval(() => {
       if (process.listenerCount('SIGHUP') === 0) return
       clearInterval(waiting)
       ${goOff}
     }, 20)`,
  )
  return path
}

describe('a fault that nobody caught', () => {
  it.each([
    ['an exception', 'throw error'],
    ['a rejection', 'Promise.reject(error)'],
  ])('(%s) is logged without its secrets, and ends the process with 1', async (_, goOff) => {
    const env = { ...world.env, LOG_LEVEL: 'info', NODE_OPTIONS: `--import ${bomb(goOff)}` }
    const server = spawnServer(env)
    const [exitCode] = (await once(server.child, 'close')) as [number]
    const { stdout, stderr } = server.output()
    expect([exitCode, stderr]).toEqual([1, ''])
    const last = stdout.trim().split('\n').at(-1) ?? ''
    expect(JSON.parse(last)).toMatchObject({
      level: 'error',
      event: 'process.failed',
      cause: { name: 'Error', message: 'nobody caught [redacted]' },
    })
    expect(last).not.toContain('eyJ')
  })
})
