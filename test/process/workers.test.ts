import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createWorld, type World } from '../../src/testing/world.ts'
import { sessionOf, signUp } from '../support/house.ts'
import { type ServerProcess, startServer } from '../support/server-process.ts'
import { freshDatabase, freshPrefix, redisUrl } from '../support/services.ts'

describe('two workers on one port', () => {
  let world: World
  let server: ServerProcess | undefined
  beforeAll(async () => {
    world = await createWorld({ providers: ['kakao'] })
    server = await startServer({
      ...world.env,
      REDIS_URL: redisUrl(),
      REDIS_PREFIX: freshPrefix(),
      DATABASE_URL: await freshDatabase(),
      WORKERS: '2',
      LOG_LEVEL: 'info',
    })
  })
  afterAll(async () => {
    await server?.stop('SIGKILL')
    await world.close()
  })

  it('share sessions: whichever answers knows the ticket, and knows when it is dead', async () => {
    const browser = world.browser()
    await signUp(browser)
    // The simulated browser opens a connection per request, so both workers get some.
    const states = await Promise.all(Array.from({ length: 20 }, () => sessionOf(browser)))
    expect(new Set(states.map(({ state }) => state))).toEqual(new Set(['member']))
    const cookie = browser.cookies('session').map(({ name, value }) => `${name}=${value}`)[0] as string
    await browser.fetch('/auth/logout', { method: 'POST' })
    const deadline = Date.now() + 1000
    let left = 20
    while (left > 0 && Date.now() < deadline) {
      const { state } = (await browser.fetch('/auth/session', { headers: { cookie } })).json<{
        state: string
      }>()
      left = state === 'anonymous' ? left - 1 : 20
    }
    expect(left).toBe(0)
  })

  it('end together and exit with 0', async () => {
    expect(await server?.stop()).toBe(0)
    await expect(fetch(`${world.env['PUBLIC_URL']}/healthz`)).rejects.toThrow()
  })
})
