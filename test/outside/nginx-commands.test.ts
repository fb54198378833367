import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { type Edge, startNginx } from '../support/edges.ts'
import { freePort } from '../support/ports.ts'

/*
 * The shipped nginx.conf in front of a server that commands it, as if a header had slipped through coatcheck.
 */

const folder = mkdtempSync(join(tmpdir(), 'coatcheck-commands-'))
let nginx: Edge
let server: Server
let url: string

beforeAll(async () => {
  server = createServer((req, res) => {
    if (req.url !== '/again') res.setHeader('X-Accel-Redirect', '/again')
    res.setHeader('X-Accel-Charset', 'koi8-r')
    res.setHeader('Content-Type', 'text/plain')
    res.end(`asked for ${req.url}`)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no TCP port')
  const [http, https] = [await freePort(), await freePort()]
  nginx = startNginx({ folder, http, https, apps: [address.port] })
  url = `http://127.0.0.1:${https}/`
  for (let tries = 0; tries < 200; tries += 1) {
    if (await fetch(url).catch(() => undefined)) return
    await sleep(50)
  }
  throw new Error(`nginx does not serve: ${nginx.said()}`)
})
afterAll(async () => {
  await nginx?.stop()
  server?.closeAllConnections()
  server?.close()
  rmSync(folder, { recursive: true, force: true })
})

it('is sent to no other address by an answer, and given no character set', async () => {
  const answer = await fetch(url)
  expect(await answer.text()).toBe('asked for /')
  expect(answer.headers.get('content-type')).toBe('text/plain')
})
