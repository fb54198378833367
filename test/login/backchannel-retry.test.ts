import { describe, expect, it } from '@jest/globals'
import express, { type ErrorRequestHandler } from 'express'
import request from 'supertest'
import { Problem } from '../../src/http/problem.ts'
import { createProviderCalls } from '../../src/login/create-login.ts'
import type { LoginRoom } from '../../src/login/login-room.ts'
import { createMemoryMarks } from '../../src/session/once-marks.ts'

/** A room whose store fails `failures` times to end a session, and to forget a mark too if it is `broken`. */
function openRoom({ failures, broken = false }: { failures: number; broken?: boolean }) {
  let now = 0
  let left = failures
  let ends = 0
  const down = async (): Promise<never> => {
    throw new Problem('session-store-unavailable')
  }
  const end = async () => {
    if (left-- > 0) return down()
    ends += 1
    return 1
  }
  const marks = createMemoryMarks(() => now)
  const silent = () => {}
  const account = { readLogoutToken: async () => ({ jti: 'a-jti', subject: 'bora' }) }
  const room = {
    providers: { all: new Map([['acme', { id: 'acme', account }]]) },
    sessions: { marks: { ...marks, ...(broken && { forget: down }) }, index: { end } },
    log: { info: silent, warn: silent, error: silent },
  } as unknown as LoginRoom
  const answer: ErrorRequestHandler = (error, _req, res, _next) => {
    res.status(error instanceof Problem ? error.status : 500).end()
  }
  const app = express().use('/auth', createProviderCalls(room)).use(answer)
  return {
    ends: () => ends,
    advance: (ms: number) => {
      now += ms
    },
    send: async () =>
      (await request(app).post('/auth/backchannel-logout/acme').type('form').send({ logout_token: 'x' }))
        .status,
  }
}

describe('a back-channel logout that the store failed', () => {
  it('is 503, and the provider’s next try is no replay', async () => {
    const room = openRoom({ failures: 1 })
    expect(await room.send()).toBe(503)
    expect(await room.send()).toBe(200)
    expect(room.ends()).toBe(1)
  })

  it('may be tried again soon, though the store was too broken to forget the first try', async () => {
    const room = openRoom({ failures: 1, broken: true })
    expect(await room.send()).toBe(503)
    expect(await room.send()).toBe(400)
    room.advance(10_000)
    expect(await room.send()).toBe(200)
  })

  it('is refused as a replay once it was done, for as long as the token could be believed', async () => {
    const room = openRoom({ failures: 0 })
    expect(await room.send()).toBe(200)
    for (const ms of [0, 10_000, 10 * 60_000]) {
      room.advance(ms)
      expect(await room.send()).toBe(400)
    }
    expect(room.ends()).toBe(1)
  })
})
