import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { createSessions } from '../src/session/create-sessions.ts'

export interface Minting {
  readonly redisUrl: string
  readonly secret: string
  readonly count: number
}

const silent = { debug() {}, info() {}, warn() {}, error() {} }

/** Signs members in through coatcheck's own session room, without a provider; their Cookie headers. */
export async function mintSessions({ redisUrl, secret, count }: Minting): Promise<string[]> {
  const sessions = await createSessions({
    secrets: [secret],
    cookie: { name: 'session', secure: false, sameSite: 'strict' },
    idleTimeoutMs: 86_400_000,
    absoluteTimeoutMs: 1_209_600_000,
    signupTimeoutMs: 1_800_000,
    limit: 20,
    redis: {
      mode: 'single',
      urls: [redisUrl],
      sentinelMaster: undefined,
      prefix: 'coatcheck:',
      timeoutMs: 250,
    },
    clock: Date.now,
    log: silent,
  })
  const app = express()
  let made = 0
  app.post('/', sessions.writer.load, async (req, res) => {
    made += 1
    const id = `user-${made}`
    await sessions.writer.begin(req, res, () => ({
      state: 'member',
      user: { id, profile: { nickname: `bench ${made}`, characterName: 'knight' } },
      identity: { provider: 'kakao', subject: id, emailVerified: false },
      authenticatedAt: Date.now(),
      tokens: {},
    }))
    res.end()
  })
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const cookies: string[] = []
  const signIn = async () => {
    while (cookies.length < count) cookies.push(await cookieFrom(`http://127.0.0.1:${port}/`))
  }
  await Promise.all(Array.from({ length: 16 }, signIn))
  server.close()
  await sessions.close()
  return cookies.slice(0, count)
}

/** The cookie that a sign-in sets, as a Cookie header. */
export async function cookieFrom(url: string): Promise<string> {
  const response = await fetch(url, { method: 'POST' })
  const [cookie] = response.headers.getSetCookie()
  if (cookie === undefined) throw new Error(`${url} set no cookie: ${response.status}`)
  return cookie.split(';', 1)[0] as string
}
