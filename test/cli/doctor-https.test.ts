import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import tls from 'node:tls'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { examinePlainHttp } from '../../src/cli/doctor/examine-https.ts'
import type { Finding } from '../../src/cli/doctor/finding.ts'
import { binary } from '../support/binaries.ts'
import { type House, openHouse } from '../support/house.ts'
import { freePort } from '../support/ports.ts'
import { freshPrefix, redisUrl } from '../support/services.ts'
import { type Arrangements, setUpsOf } from './broken-set-ups.ts'
import { startHttp } from './doctor-room.ts'
import { type Front, type Habits, listen, openFront } from './front.ts'
import { coatcheck } from './terminal.ts'

/*
 * doctor --url ──TLS──> proxy at PUBLIC_URL ──> coatcheck
 */

const folder = mkdtempSync(join(tmpdir(), 'coatcheck-https-'))
const trusted = tls.getCACertificates('default')
let house: House
let behind: Server
let ports: { readonly front: number; readonly behind: number }
let front: Front | undefined

beforeAll(async () => {
  ports = { front: await freePort(), behind: await freePort() }
  house = await openHouse({
    env: {
      PUBLIC_URL: `https://localhost:${ports.front}`,
      PORT: String(ports.behind),
      TRUST_PROXY: '127.0.0.1',
      SERVICE_TOKEN_SECRET: 'x'.repeat(32),
      REDIS_URL: redisUrl(),
      REDIS_PREFIX: freshPrefix(),
    },
  })
  behind = createServer(house.coatcheck.app)
  behind.on('upgrade', house.coatcheck.upgrade)
  await listen(behind, ports.behind)
})
afterEach(() => {
  tls.setDefaultCACertificates(trusted)
  front?.close()
})
afterAll(async () => {
  behind.closeAllConnections()
  behind.close()
  await house.close()
  rmSync(folder, { recursive: true, force: true })
})

/** A certificate that nobody knows yet. */
function certificateFor(name: string): { readonly key: Buffer; readonly cert: Buffer } {
  const [key, cert] = [join(folder, `${name}.key`), join(folder, `${name}.pem`)]
  const what = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=${name}`
  const where = ['-addext', `subjectAltName=DNS:${name}`, '-keyout', key, '-out', cert]
  execFileSync(binary('openssl', 'openssl'), [...what.split(' '), ...where], { stdio: 'ignore' })
  return { key: readFileSync(key), cert: readFileSync(cert) }
}

async function putProxy({ name = 'localhost', known = true, habits = {} as Habits } = {}): Promise<void> {
  const certificate = certificateFor(name)
  if (known) tls.setDefaultCACertificates([...trusted, certificate.cert.toString()])
  front = await openFront(ports.front, ports.behind, { habits, tls: certificate })
}

async function look(): Promise<readonly Finding[]> {
  const { json } = await coatcheck('doctor --url --json', house.env, house.world.now)
  return json<{ findings: readonly Finding[] }>().findings.filter(({ area }) => area === 'public url')
}

/** PUBLIC_URL has a port here, so that port 80 is nobody’s business: this asks the question of an address of its own. */
async function lookAtPlainHttp(location?: string): Promise<readonly Finding[]> {
  const headers = location === undefined ? {} : { location }
  const server = await startHttp((_, res) => res.writeHead(location === undefined ? 200 : 308, headers).end())
  try {
    return [await examinePlainHttp(server.url)]
  } finally {
    await server.close()
  }
}

const https: Arrangements<'https', () => Promise<readonly Finding[]>> = {
  'the certificate is not trusted': () => putProxy({ known: false }).then(look),
  'the certificate is for another name': () => putProxy({ name: 'other.example' }).then(look),
  'the proxy drops HSTS': () => putProxy({ habits: { drops: ['strict-transport-security'] } }).then(look),
  'plain http is answered': () => lookAtPlainHttp(),
}

describe('coatcheck doctor --url, on https', () => {
  it('finds a coatcheck that can be reached as it should', async () => {
    await putProxy()
    const found = await look()
    expect(found.map(({ level }) => level)).toEqual(['ok', 'ok', 'ok', 'ok', 'ok'])
    expect(found.map(({ seen }) => seen)).toContain('asks browsers for https for a year or more (HSTS)')
  })

  it.each(setUpsOf('https', https))('names what is broken: %s', async (_, arrange, expected) => {
    const found = (await arrange()).filter(({ level }) => level !== 'ok')
    const words = found.map(({ area, seen, advice }) => `${area}: ${seen} → ${advice}`)
    expect(words).toEqual([expect.stringMatching(expected)])
  })

  it('is content with plain http that leads to https', async () => {
    expect(await lookAtPlainHttp('https://app.example.com/')).toMatchObject([{ level: 'ok' }])
  })

  it('is content where nobody answers plain http', async () => {
    expect(await examinePlainHttp('http://127.0.0.1:2/')).toMatchObject({ level: 'ok' })
  })
})
