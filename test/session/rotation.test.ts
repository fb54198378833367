import { afterEach, describe, expect, it } from '@jest/globals'
import request from 'supertest'
import { openRoom, type Room, redisConfig, signIn } from './room.ts'

const rooms: Room[] = []
afterEach(() => Promise.all(rooms.splice(0).map(({ sessions }) => sessions.close())))

const [older, newer] = ['the older secret', 'the newer secret'].map((name) => `${name} of 32 characters`) as [
  string,
  string,
]

/** Two instances, rolled one after the other; a browser comes by at each after every roll. What it was told. */
async function roll(steps: readonly string[][]): Promise<Set<string>> {
  const redis = redisConfig()
  async function start(secrets: string[]): Promise<Room> {
    const room = await openRoom({ redis, secrets })
    rooms.push(room)
    return room
  }
  let fleet = [await start([older]), await start([older])]
  const { cookie } = await signIn(fleet[0] as Room)
  const jar = { cookie }
  const told = new Set<string>()
  for (const secrets of steps) {
    for (const index of fleet.keys()) {
      fleet = fleet.with(index, await start(secrets))
      for (const { app } of fleet) {
        const { body, headers } = await request(app).get('/session').set('Cookie', jar.cookie)
        told.add(body.state)
        jar.cookie = headers['set-cookie']?.[0]?.split(';')[0] ?? jar.cookie
      }
      // The record moves to the newest secret beside the answer.
      await new Promise((resolve) => setTimeout(resolve, 30))
    }
  }
  return told
}

describe('a new SESSION_SECRET, rolled over a fleet', () => {
  it('signs nobody out when every instance accepts it before any signs with it', async () => {
    expect(await roll([[older, newer], [newer, older], [newer]])).toEqual(new Set(['member']))
  })

  it('signs people out when the first step is left out: an old instance takes the new cookie for a forgery', async () => {
    expect(await roll([[newer, older], [newer]])).toContain('anonymous')
  })
})
