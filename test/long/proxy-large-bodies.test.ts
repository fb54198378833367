import { readFileSync, writeFileSync } from 'node:fs'
import { type IncomingMessage, type RequestOptions, request } from 'node:http'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { createWorld, type World } from '../../src/testing/world.ts'
import { type HelperProcess, startHelper } from '../proxy/processes/helper-process.ts'
import { residentBytes } from '../proxy/processes/memory-of.ts'
import { signUp } from '../support/house.ts'
import { type ServerProcess, startServer } from '../support/server-process.ts'
import { freshPrefix, redisUrl } from '../support/services.ts'

const mb = 1_000_000
const manifest = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'))
/** `200mb`. */
const maxBody = 200 * 1024 * 1024
/** As `npm start` has it. */
const heapOptions: string = manifest.scripts.start.match(/--(max-semi-space-size=\d+|expose-gc)/g).join(' ')
const piece = Buffer.alloc(65_536, 120)

let world: World
let upstream: HelperProcess
let server: ServerProcess
let headers: Record<string, string>
/** The server's resident memory at its largest, bytes. */
let atWork: number

beforeAll(async () => {
  world = await createWorld({ providers: ['kakao'] })
  upstream = startHelper('bulk-upstream.ts')
  const target = `http://127.0.0.1:${await upstream.nextLine()}`
  server = await startServer({
    ...world.env,
    NODE_OPTIONS: heapOptions,
    REDIS_URL: redisUrl(),
    REDIS_PREFIX: freshPrefix(),
    API_ROUTES: JSON.stringify([
      { path: '/api', target },
      { path: '/limited', target, maxBody: '200mb' },
    ]),
  })
  const browser = world.browser()
  await signUp(browser)
  const [ticket] = browser.cookies('session')
  headers = {
    cookie: `${ticket?.name}=${ticket?.value}`,
    host: new URL(world.env['PUBLIC_URL'] as string).host,
    'sec-fetch-site': 'same-origin',
  }
  // What bodies of 50 MB take at the most is what the work itself takes: larger ones are measured by that.
  for (let round = 0; round < 10; round += 1) {
    await download(`/api/bytes/${50 * mb}`)
    await download(`/api/chunks/${50 * mb}`)
    await upload('/api/taken', 50 * mb, true)
    await upload('/api/taken', 50 * mb, false)
  }
  atWork = residentBytes(server.child.pid as number, 'VmHWM')
})
afterAll(async () => {
  await server.stop()
  upstream.stop()
  await world.close()
})

function ask(path: string, options: RequestOptions, body?: Readable): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const req = request(
      {
        host: '127.0.0.1',
        port: world.env['PORT'],
        path,
        agent: false,
        ...options,
        headers: { ...headers, ...options.headers },
      },
      resolve,
    )
    req.on('error', reject)
    if (body) pipeline(body, req).catch(reject)
    else req.end()
  })
}

/** How many bytes came. */
async function download(path: string): Promise<number> {
  const res = await ask(path, {})
  let count = 0
  for await (const chunk of res) count += (chunk as Buffer).length
  return count
}

function* bytes(count: number) {
  for (let left = count; left > 0; left -= piece.length)
    yield left < piece.length ? piece.subarray(0, left) : piece
}

async function text(res: IncomingMessage): Promise<string> {
  let all = ''
  for await (const chunk of res) all += chunk
  return all
}

async function upload(path: string, count: number, withLength: boolean): Promise<string> {
  const length = withLength ? { 'content-length': String(count) } : { 'transfer-encoding': 'chunked' }
  return text(await ask(path, { method: 'POST', headers: length }, Readable.from(bytes(count))))
}

describe('a large body', () => {
  beforeEach(async () => {
    await pause(500)
    // proc(5): 5 resets the high-water mark.
    writeFileSync(`/proc/${server.child.pid}/clear_refs`, '5')
  })

  /** How much more the process needed than for small bodies, bytes. */
  function growth(): number {
    const grown = residentBytes(server.child.pid as number, 'VmHWM') - atWork
    console.info(
      `${expect.getState().currentTestName}: ${(atWork / mb).toFixed()} MB and ${(grown / mb).toFixed(1)} MB more`,
    )
    return grown
  }

  it.each([
    [100, 'bytes', 30],
    [100, 'chunks', 30],
    [2000, 'bytes', 60],
    [2000, 'chunks', 60],
  ])('of %i MB comes down as %s within %i MB more', async (size, kind, limit) => {
    expect(await download(`/api/${kind}/${size * mb}`)).toBe(size * mb)
    expect(growth()).toBeLessThan(limit * mb)
  })

  it.each([
    [100, true, 30],
    [100, false, 30],
    [2000, true, 60],
    [2000, false, 60],
  ])('of %i MB goes up (with a length: %s) within %i MB more', async (size, withLength, limit) => {
    expect(await upload('/api/taken', size * mb, withLength)).toBe(`${size * mb} whole`)
    expect(growth()).toBeLessThan(limit * mb)
  })

  it('goes down and up ten times at once within 120 MB more', async () => {
    const down = Array.from({ length: 10 }, () => download(`/api/bytes/${100 * mb}`))
    const up = Array.from({ length: 10 }, () => upload('/api/taken', 100 * mb, false))
    expect(new Set(await Promise.all(down))).toEqual(new Set([100 * mb]))
    expect(new Set(await Promise.all(up))).toEqual(new Set([`${100 * mb} whole`]))
    expect(growth()).toBeLessThan(120 * mb)
  })

  it('as large as the route takes goes up', async () => {
    expect(await upload('/limited/taken', maxBody, true)).toBe(`${maxBody} whole`)
    expect(await upload('/limited/taken', maxBody, false)).toBe(`${maxBody} whole`)
  })

  it('beyond what the route takes is refused by its length, unseen by the upstream', async () => {
    const before = await text(await ask('/api/last', {}))
    const res = await ask('/limited/taken', {
      method: 'POST',
      headers: { 'content-length': String(maxBody + 1) },
    })
    expect([res.statusCode, JSON.parse(await text(res))]).toMatchObject([413, { code: 'payload-too-large' }])
    expect(await text(await ask('/api/last', {}))).toBe(before)
  })

  it('beyond what the route takes is cut in its chunks, never whole for the upstream', async () => {
    const tooMuch = Readable.from(bytes(maxBody + 1))
    const res = await ask(
      '/limited/taken',
      { method: 'POST', headers: { 'transfer-encoding': 'chunked' } },
      tooMuch,
    )
    expect([res.statusCode, JSON.parse(await text(res))]).toMatchObject([413, { code: 'payload-too-large' }])
    expect(await text(await ask('/api/last', {}))).toMatch(/^\d+ cut$/)
  })
})
