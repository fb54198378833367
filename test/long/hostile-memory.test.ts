import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { createWorld, type Fault, faults, type World } from '../../src/testing/world.ts'
import { type ServerProcess, startServer } from '../support/server-process.ts'

let world: World
let server: ServerProcess
beforeAll(async () => {
  world = await createWorld({ providers: ['acme'] })
  server = await startServer({ ...world.env, RATE_LIMIT: 'off' })
})
afterAll(async () => {
  await server.stop()
  await world.close()
})

/** A figure of the server's memory, in MB: VmRSS now, VmHWM at its highest. */
function memoryMb(figure: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${server.child.pid}/status`, 'utf8')
  return Number(new RegExp(`^${figure}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1024
}

const atOnce = 50

async function logins(fault: Fault): Promise<void> {
  world.provider('acme').fail('token', fault)
  const pages = await Promise.all(
    Array.from({ length: atOnce }, () => world.browser().goto('/auth/login/acme', { initiator: 'typed' })),
  )
  for (const { url } of pages) expect(url.searchParams.get('error')).toBe('provider-unavailable')
}

it.each([
  ['50 MB', faults.oversized()],
  ['gzip bombs of 50 MB', faults.gzipBomb()],
])(
  '%s in answer to each of 50 callbacks at once grow memory by less than 1 MB each',
  async (_what, fault) => {
    // Until the process has the size that this work needs of any server.
    for (let round = 0; round < 10; round++) await logins(fault)
    // proc(5): 5 resets the high-water mark.
    writeFileSync(`/proc/${server.child.pid}/clear_refs`, '5')
    const before = memoryMb('VmRSS')
    for (let round = 0; round < 2; round++) await logins(fault)
    expect(memoryMb('VmHWM') - before).toBeLessThan(atOnce)
  },
)
