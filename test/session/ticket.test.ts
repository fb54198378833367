import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { openRoom, type Room, signIn } from './room.ts'

const src = join(import.meta.dirname, '../../src')
let room: Room
beforeAll(async () => {
  room = await openRoom()
})
afterAll(() => room.sessions.close())

describe('a ticket', () => {
  it('is 256 random bits, twice what ASVS V7.2.3 asks for', async () => {
    const tickets = new Set<string>()
    for (let index = 0; index < 50; index += 1) {
      const { ticket, handle } = await signIn(room)
      expect(Buffer.from(ticket, 'base64url')).toHaveLength(32)
      expect(handle).not.toContain(ticket)
      tickets.add(ticket)
    }
    expect(tickets.size).toBe(50)
  })

  it('and every other secret comes from the system’s generator: Math.random makes pauses only', () => {
    const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.ts'),
    )
    const lines = files.flatMap((file) => {
      const text = readFileSync(join(src, file), 'utf8').split('\n')
      return text.filter((line) => line.includes('Math.random')).map((line) => `${file}: ${line.trim()}`)
    })
    expect(lines).toEqual([expect.stringMatching(/^session\/redis-client\.ts: Math\.min\(1_000, 50 \*/)])
    expect(readFileSync(join(src, 'crypto/random.ts'), 'utf8')).toMatch(
      /import \{ randomBytes, timingSafeEqual \} from 'node:crypto'[\s\S]*return randomBytes\(bytes\)/,
    )
  })
})
