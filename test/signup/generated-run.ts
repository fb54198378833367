import { expect } from '@jest/globals'
import request from 'supertest'
import { compileSignupSchema } from '../../src/signup/signup-schema.ts'
import { seededRandom } from '../support/dice.ts'
import { generateBody, generatedSchema } from './generated-bodies.ts'
import { createRoom, type Visitor } from './room.ts'

/** How many answers there were of each status. */
export type Tally = Readonly<Record<number, number>>

/** Sends `count` generated bodies to sign-up and holds each answer to what the generator knows of its body. */
export async function signUpWithGenerated(count: number, seed: number): Promise<Tally> {
  const compiled = compileSignupSchema(generatedSchema, 'generated')
  if ('problems' in compiled) throw new Error(compiled.problems.join('\n'))
  const room = await createRoom({ schema: compiled.schema })
  const server = room.app.listen(0, '127.0.0.1')
  const random = seededRandom(seed)
  const tally: Record<number, number> = {}
  let visitor: Visitor | undefined
  for (let index = 0; index < count; index++) {
    visitor ??= await room.vouchedFor()
    const { json, wrong } = generateBody(random)
    const { status, body } = await request(server)
      .post('/auth/signup')
      .set({ Cookie: visitor.cookie, 'X-CSRF': '1', 'Content-Type': 'application/json' })
      .send(json)
    tally[status] = (tally[status] ?? 0) + 1
    const told = `body ${index} of seed ${seed}: ${json}\n${JSON.stringify(body)}`
    if (wrong.size > 0) {
      const errors = (body.errors ?? []) as { pointer: string; detail: string }[]
      expect([told, status, [...new Set(errors.map(({ pointer }) => pointer))].toSorted()]).toEqual([
        told,
        422,
        [...wrong].toSorted(),
      ])
      expect(errors.every(({ detail }) => detail.length > 5)).toBe(true)
    } else if (status === 409) {
      expect([told, body.code, body.pointer]).toEqual([told, 'name-taken', '/nickname'])
    } else {
      expect([told, status]).toEqual([told, 201])
      const stored = await room.users.directory.find(body.user.id)
      expect([told, stored?.profile]).toEqual([told, normalised(JSON.parse(json))])
      visitor = undefined
    }
  }
  await new Promise((resolve) => server.close(resolve))
  await room.close()
  return tally
}

function normalised(value: unknown): unknown {
  if (typeof value === 'string') return value.normalize('NFKC').trim()
  if (Array.isArray(value)) return value.map(normalised)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, normalised(member)]))
}
