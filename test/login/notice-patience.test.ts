import { expect, it } from '@jest/globals'
import express from 'express'
import request from 'supertest'
import { createProviderCalls } from '../../src/login/create-login.ts'
import type { LoginRoom } from '../../src/login/login-room.ts'

it('a notice is answered within three seconds, though our stores hang', async () => {
  const never = () => new Promise<never>(() => {})
  const silent = () => {}
  const kakao = { id: 'kakao', account: { readUnlinkNotice: () => ({ subject: '1' }) } }
  const room = {
    providers: { all: new Map([['kakao', kakao]]) },
    sessions: { index: { end: never } },
    users: { identities: { markUnlinked: never } },
    clock: Date.now,
    log: { info: silent, warn: silent, error: silent },
  } as unknown as LoginRoom
  const begun = performance.now()
  const { status } = await request(express().use(createProviderCalls(room)))
    .post('/webhooks/kakao')
    .type('form')
  expect(status).toBe(200)
  expect(performance.now() - begun).toBeLessThan(3_000)
})
