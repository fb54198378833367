import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Browser } from 'playwright-core'
import { type Demo, runDemo } from '../../demo/demo.ts'
import { freePort } from '../support/ports.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { newProfile, startChromium } from './chromium.ts'
import { personAt } from './person.ts'

let redis: RedisServer
let demo: Demo
let chromium: Browser

beforeAll(async () => {
  redis = await startRedis()
  const env = { RATE_LIMIT: 'off', REDIS_URL: redis.url, LOG_LEVEL: 'silent' }
  demo = await runDemo({ port: await freePort(), env })
  chromium = await startChromium()
})
afterAll(async () => {
  redis?.thaw()
  await chromium?.close()
  await demo?.close()
  await redis?.stop()
})

describe('while Redis does not answer', () => {
  it('the page is served, says that nobody knows who is signed in, and goes on by itself afterwards', async () => {
    const profile = await newProfile(chromium, {
      origin: demo.url,
      expected: /status of 503|\/api\/(room|time)/,
    })
    const { page } = profile
    await personAt(page, demo.url).join('kakao', 'patient')
    redis.freeze()
    await page.reload()
    await page.getByRole('alert').getByText('cannot say right now who is signed in').waitFor()
    expect(await page.locator('.brand').isVisible()).toBe(true)
    redis.thaw()
    await page.locator('.ticket h1', { hasText: 'patient' }).waitFor()
    await profile.close()
    expect(profile.complaints).toEqual([])
  })
})

describe('without a connection', () => {
  it('the page says so, keeps what it knew, and goes on by itself afterwards', async () => {
    const profile = await newProfile(chromium, { origin: demo.url, expected: /ERR_INTERNET_DISCONNECTED/ })
    const { page, context } = profile
    await personAt(page, demo.url).join('kakao', 'traveller')
    await page.locator('#live ~ .facts', { hasText: 'traveller' }).waitFor()
    await context.setOffline(true)
    await page.getByRole('alert').getByText('You are offline.').waitFor()
    await page.getByRole('button', { name: 'Call the API again' }).click()
    await page.getByText('The server cannot be reached.').waitFor()
    expect(await page.locator('.ticket h1').textContent()).toContain('traveller')
    await context.setOffline(false)
    await page.getByText('You are offline.').waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Call the API again' }).click()
    await page.getByText('The server cannot be reached.').waitFor({ state: 'detached' })
    await page.locator('#live ~ .facts', { hasText: 'traveller' }).waitFor()
    await profile.close()
    expect(profile.complaints).toEqual([])
  })
})
