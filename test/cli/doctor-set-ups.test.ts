import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { faults } from '../../src/testing/world.ts'
import { redisUrl } from '../support/services.ts'
import { type Arrangements, setUpsOf } from './broken-set-ups.ts'
import { type Change, type DoctorRoom, type LocalServer, openDoctorRoom, startHttp } from './doctor-room.ts'

const folder = mkdtempSync(join(tmpdir(), 'coatcheck-doctor-'))
const nobody = '127.0.0.1:2'
const opened: LocalServer[] = []
let room: DoctorRoom
beforeAll(async () => {
  room = await openDoctorRoom()
})
afterEach(async () => {
  for (const id of ['kakao', 'naver', 'google', 'acme']) room.world.provider(id).recover()
  await Promise.all(opened.splice(0).map((server) => server.close()))
})
afterAll(async () => {
  await room.close()
  rmSync(folder, { recursive: true, force: true })
})

/** A change of the environment, which may have to start or write something first. */
type How = Change | (() => Change | Promise<Change>)

async function serve(...args: Parameters<typeof startHttp>): Promise<LocalServer> {
  const server = await startHttp(...args)
  opened.push(server)
  return server
}

function write(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

/** People reach this one from outside. */
const published = {
  PUBLIC_URL: 'https://app.example.com',
  SERVICE_TOKEN_SECRET: 'x'.repeat(32),
  TRUST_PROXY: '10.0.0.0/8',
}

const configuration: Arrangements<'configuration', How> = {
  'PUBLIC_URL is plain http': { ...published, PUBLIC_URL: 'http://app.example.com' },
  'SESSION_SECRET is too short': { SESSION_SECRET: 'secret' },
  'SESSION_SECRET is not set': { ...published, SESSION_SECRET: '' },
  'REDIS_URL is not set': { ...published, REDIS_URL: '' },
  'the signing keys’ file is not there': { SERVICE_TOKEN_KEYS: '/nowhere/keys.json' },
  'the signing keys are public ones': () => ({
    SERVICE_TOKEN_KEYS: write('public.json', '{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AA"}]}'),
  }),
  'a provider’s client secret is not set': { KAKAO_CLIENT_SECRET: '' },
  'SPA_DIR has no index.html': { SPA_DIR: folder },
  'a route’s field is misspelt': {
    API_ROUTES: '[{"path":"/x","target":"http://127.0.0.1:2","auht":"none"}]',
  },
  'a variable is misspelt': { SESSION_LIMT: '3' },
  'TRUST_PROXY is not set behind a proxy': { ...published, TRUST_PROXY: '' },
  'TRUST_PROXY believes everybody': { TRUST_PROXY: '0.0.0.0/0' },
  'metrics can be read from outside': { OPS_PORT: '9999', OPS_HOST: '0.0.0.0' },
}

const stranger = async () => String((await serve((_, res) => res.end('hello'))).port)

const machine: Arrangements<'machine', How> = {
  'PORT is taken': async () => ({ PORT: await stranger() }),
  'OPS_PORT is taken': async () => ({ OPS_PORT: await stranger() }),
  // RFC 5737: an address for documents, nobody's.
  'HOST is another machine’s address': { HOST: '192.0.2.1' },
  'DATA_DIR is not writable': () => ({ SESSION_SECRET: '', DATA_DIR: join(write('file', ''), 'data') }),
  'the clock is wrong': {},
}

/** An answer of the provider, from now on. */
const fail = (endpoint: string, status: number) => () => {
  room.world.provider('acme').fail(endpoint, faults.answer(status))
  return {}
}

const providers: Arrangements<'providers', How> = {
  'the redirect URI is not registered': { PUBLIC_URL: 'http://localhost:1' },
  'a client id is wrong': { GOOGLE_CLIENT_ID: 'wrong' },
  'a client secret is wrong': { KAKAO_CLIENT_SECRET: 'wrong' },
  'an issuer cannot be reached': { ACME_ISSUER: `http://${nobody}` },
  'an issuer is another site': () => ({ ACME_ISSUER: room.api.url }),
  'an issuer has a slash too many': () => ({ ACME_ISSUER: `${room.world.env['ACME_ISSUER']}/` }),
  'an issuer’s metadata name another issuer': async () => {
    const metadata = {
      issuer: 'https://login.example.com',
      authorization_endpoint: 'https://login.example.com/a',
    }
    const { url } = await serve((_, res) =>
      res.setHeader('content-type', 'application/json').end(JSON.stringify(metadata)),
    )
    return { ACME_ISSUER: url }
  },
  'an issuer’s metadata are broken': fail('metadata', 500),
  'a token endpoint is another site': () => ({ NAVER_TOKEN_ENDPOINT: `${room.api.url}/token` }),
  'a token endpoint is down': fail('token', 503),
  'a login page is down': fail('authorization', 502),
}

const api: Arrangements<'api', How> = {
  'the API is not running': { API_URL: `http://${nobody}` },
  'the API’s name is misspelt': { API_URL: 'http://api.invalid' },
  'the API speaks no TLS': () => ({ API_URL: room.api.url.replace('http:', 'https:') }),
  'the API leads to https': async () => ({
    API_URL: (await serve((_, res) => res.writeHead(301, { location: 'https://127.0.0.1/' }).end())).url,
  }),
  'the API is a web site': async () => ({
    API_URL: (await serve((_, res) => res.setHeader('content-type', 'text/html').end('<h1>hello</h1>'))).url,
  }),
  'the API fails': async () => ({ API_URL: (await serve((_, res) => res.writeHead(500).end())).url }),
  'the API is coatcheck itself': () => ({ API_URL: `http://127.0.0.1:${room.world.env['PORT']}` }),
  'the API is PUBLIC_URL': { ...published, API_URL: published.PUBLIC_URL },
  'the token exchange is not running': {
    API_TOKEN: 'exchange',
    TOKEN_EXCHANGE_URL: `http://${nobody}/token`,
    TOKEN_EXCHANGE_CLIENT_ID: 'c',
    TOKEN_EXCHANGE_CLIENT_SECRET: 's',
  },
  'the development server is not running': { SPA_DEV_URL: `http://${nobody}` },
}

describe('coatcheck doctor names what is broken', () => {
  it.each([
    ...setUpsOf('configuration', configuration),
    ...setUpsOf('machine', machine),
    ...setUpsOf('providers', providers),
    ...setUpsOf('api', api),
  ])('%s', async (name, how, expected) => {
    const change = typeof how === 'function' ? await how() : how
    const now = name === 'the clock is wrong' ? () => Date.now() - 300_000 : undefined
    const { failures, warnings } = await room.doctor(change, now)
    expect([...failures, ...warnings]).toContainEqual(expect.stringMatching(expected))
  })
})

describe('coatcheck doctor leaves in peace', () => {
  it('a coatcheck that runs already', async () => {
    const { port } = await serve((_, res) => res.end('{"status":"ok"}'))
    const { failures } = await room.doctor({ PORT: String(port) })
    expect(failures).toEqual([])
  })

  it('an API whose root is a page of an error', async () => {
    const { url } = await serve((_, res) =>
      res.writeHead(404, { 'content-type': 'text/html' }).end('<pre>Cannot GET /</pre>'),
    )
    const { failures, warnings } = await room.doctor({ API_URL: url })
    expect([...failures, ...warnings]).toEqual([])
  })

  it('a data folder that the first start will make', async () => {
    const change = {
      SESSION_SECRET: '',
      DATA_DIR: join(folder, 'new', 'data'),
      DATABASE_URL: 'sqlite::memory:',
    }
    expect((await room.doctor(change)).failures).toEqual([])
  })

  it('a set-up that keeps nothing in its data folder', async () => {
    const change = {
      ...published,
      DATA_DIR: '/dev/null/data',
      DATABASE_URL: 'sqlite::memory:',
      REDIS_URL: redisUrl(),
    }
    const { findings } = await room.doctor(change)
    expect(findings.filter(({ area }) => area === 'data')).toEqual([])
  })
})
