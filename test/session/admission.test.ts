import { afterEach, describe, expect, it } from '@jest/globals'
import request from 'supertest'
import { member, openRoom, type Room, shelves } from './room.ts'

const rooms: Room[] = []
afterEach(() => Promise.all(rooms.splice(0).map(({ sessions }) => sessions.close())))

// login:   the directory says "enabled" ········ entry, asked again, record
// disable:                                disabled, all entries' sessions end
describe.each(shelves)('a user who is shut out while signing in, sessions in %s', (_name, redis) => {
  async function open(admits: (room: Room) => Promise<boolean>): Promise<Room> {
    const room: Room = await openRoom({ redis: redis(), admits: () => admits(room) })
    rooms.push(room)
    return room
  }
  const begin = ({ app }: Room) =>
    request(app)
      .post('/begin')
      .send({ session: member('shut-out') })
  const shutOut = ({ sessions }: Room) => sessions.index.end({ userId: 'shut-out' }, 'account-disabled')

  it('before the question gets no session', async () => {
    const room = await open(async (opened) => {
      await shutOut(opened)
      return false
    })
    const answer = await begin(room)
    expect([answer.status, answer.headers['set-cookie']]).toEqual([401, undefined])
    expect(await room.sessions.index.list('shut-out')).toEqual([])
  })

  it('after the question gets none either: the record is barred', async () => {
    const room = await open(async (opened) => {
      await shutOut(opened)
      return true
    })
    const answer = await begin(room)
    expect([answer.status, answer.headers['set-cookie']]).toEqual([503, undefined])
    expect(await room.sessions.index.list('shut-out')).toEqual([])
  })
})
