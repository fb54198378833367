import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { freePort } from '../support/ports.ts'
import { startRedis } from '../support/redis-server.ts'
import { freshDatabase } from '../support/services.ts'
import { type DoctorRoom, openDoctorRoom } from './doctor-room.ts'
import { coatcheck } from './terminal.ts'

let room: DoctorRoom
beforeAll(async () => {
  room = await openDoctorRoom()
})
afterAll(() => room.close())

describe('coatcheck doctor', () => {
  it('finds nothing where everything is in order', async () => {
    const { code, ok, failures, warnings, findings } = await room.doctor({
      DATABASE_URL: await freshDatabase(),
      OPS_PORT: String(await freePort()),
    })
    expect({ code, ok, failures, warnings }).toEqual({ code: 0, ok: true, failures: [], warnings: [] })
    const areas = new Set(findings.map(({ area }) => area))
    expect([...areas]).toEqual([
      'configuration',
      'port',
      'ops port',
      'data',
      'redis',
      'database',
      'provider kakao',
      'provider naver',
      'provider google',
      'provider acme',
      'api /api',
      'clock',
    ])
  })

  it('tells a person what to register', async () => {
    const { out } = await coatcheck('doctor', room.env(), room.world.now)
    for (const id of ['kakao', 'acme'])
      expect(out.join('\n')).toContain(
        `redirect URI to register there: ${room.world.env['PUBLIC_URL']}/auth/callback/${id}`,
      )
    expect(out.filter((line) => line.startsWith('FAILED'))).toEqual([])
  })

  it('stops at a wrong configuration, and says what may be meant', async () => {
    const { code, failures, warnings } = await room.doctor({ PORT: 'x', RATE_LIMIT: 'x', SESSION_LIMT: '3' })
    expect({ code, lines: failures.length }).toEqual({ code: 1, lines: 2 })
    expect(failures[0]).toContain('PORT: must be')
    expect(warnings).toEqual([expect.stringContaining('was SESSION_LIMIT meant?')])
  })

  it('never says a secret', async () => {
    const secret = 'hunter2-hunter2'
    const change = {
      REDIS_URL: `redis://u:${secret}@127.0.0.1:${room.redis.port}`,
      DATABASE_URL: `postgres://u:${secret}@127.0.0.1:2/x`,
      KAKAO_CLIENT_SECRET: secret,
      GOOGLE_CLIENT_ID: secret,
    }
    const { code, findings } = await room.doctor(change)
    expect(code).toBe(1)
    expect(JSON.stringify(findings)).not.toContain(secret)
  })

  it('lets a clock be a little off, with a warning', async () => {
    const { failures, warnings } = await room.doctor({}, () => Date.now() + 12_000)
    expect(failures).toEqual([])
    expect(warnings).toContainEqual(expect.stringMatching(/clock is 12 s ahead/))
  })

  it('asks nothing of a Redis that hides its settings', async () => {
    const user = 'coatcheck on >secret ~* &* +@all -config'
    const own = await startRedis({ appendonly: 'yes', user })
    try {
      const url = `redis://coatcheck:secret@127.0.0.1:${own.port}`
      const { failures, warnings } = await room.doctor({ REDIS_URL: url })
      expect([...failures, ...warnings]).toEqual([])
    } finally {
      await own.stop()
    }
  })
})
