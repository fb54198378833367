import { afterAll, beforeAll, expect, it } from '@jest/globals'
import supertest from 'supertest'
import { compose, type House } from '../../src/composition.ts'
import { examine } from '../../src/examination.ts'
import { createWorld, faults, type World } from '../../src/testing/world.ts'
import { askAt } from '../support/ask.ts'

let world: World
let house: House
beforeAll(async () => {
  world = await createWorld({ providers: ['kakao', 'google'] })
  const examined = await examine({ ...world.env, OPS_PORT: '9464' })
  if ('problems' in examined) throw new Error(examined.problems.join('\n'))
  house = await compose(examined, { clock: world.now })
})
afterAll(async () => {
  await house.close()
  await world.close()
})

it('operators see logins by provider and outcome, and failures by class', async () => {
  await world.browser(house.app).goto('/auth/login/kakao')
  world.provider('google').fail('token', faults.answer(401, { error: 'invalid_client' }))
  await world.browser(house.app).goto('/auth/login/google')
  const { text } = await supertest(house.ops).get('/metrics')
  expect(text).toContain('coatcheck_logins_total{provider="kakao",outcome="registering"} 1')
  expect(text).toContain('coatcheck_logins_total{provider="google",outcome="provider-misconfigured"} 1')
  expect(text).toContain('coatcheck_callback_failures_total{provider="google",class="misconfigured"} 1')
  expect(text).toContain('coatcheck_sessions_started_total{state="registering"} 1')
})

it('the public listener has no metrics', async () => {
  expect((await askAt(world.env['PUBLIC_URL'], house.app).get('/metrics')).status).toBe(404)
})

it('readiness is red once the server is about to leave, and the verbose answer says of what it depends', async () => {
  const { status, body } = await supertest(house.ops).get('/readyz?verbose')
  expect([status, body.checks.map(({ name }: { name: string }) => name)]).toEqual([
    200,
    ['sessions', 'users'],
  ])
  house.leave()
  expect((await supertest(house.app).get('/readyz')).status).toBe(503)
  expect((await supertest(house.app).get('/healthz')).status).toBe(200)
})
